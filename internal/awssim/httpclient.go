package awssim

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// HTTPClient answers requests from a [Sim] within the caller's goroutine:
// no socket, no server. It is what an SDK client takes as its HTTPClient.
type HTTPClient struct{ sim *Sim }

// HTTPClient returns a client that calls the Sim in process, whatever host a
// request is for.
func (s *Sim) HTTPClient() *HTTPClient { return &HTTPClient{sim: s} }

// Do answers the request. If the request's context has ended, before or while
// the call was under way, Do returns the context's error; the call may have
// had its effect then.
func (c *HTTPClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.WithContext(r.Context()) // a copy: the caller's request stays as it is
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rec := &recorder{header: http.Header{}}
	err := rec.serve(c.sim, r)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return rec.response(r), nil
}

// recorder is an http.ResponseWriter that keeps the answer.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// serve runs the handler and turns a broken connection into an error.
func (rec *recorder) serve(h http.Handler, r *http.Request) (err error) {
	defer func() {
		p := recover()
		if broken, ok := p.(error); ok && errors.Is(broken, http.ErrAbortHandler) {
			err = errLostReply
		} else if p != nil {
			panic(p)
		}
	}()
	h.ServeHTTP(rec, r.Clone(r.Context()))
	return nil
}

// Header returns the answer's header.
func (rec *recorder) Header() http.Header { return rec.header }

// WriteHeader keeps the status.
func (rec *recorder) WriteHeader(status int) { rec.status = status }

// Write keeps the body.
func (rec *recorder) Write(p []byte) (int, error) { return rec.body.Write(p) }

func (rec *recorder) response(r *http.Request) *http.Response {
	return &http.Response{
		Status:        strconv.Itoa(rec.status) + " " + http.StatusText(rec.status),
		StatusCode:    rec.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        rec.header,
		Body:          io.NopCloser(&rec.body),
		ContentLength: int64(rec.body.Len()),
		Request:       r,
	}
}
