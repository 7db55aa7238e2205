package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"
)

// retryLater is when to come back if nothing better is known.
const retryLater = 5 * time.Second

// problem is an error as the caller sees it: a problem document of RFC 9457.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	RequestID string `json:"requestId"`

	retryAfter time.Duration
	allow      string // methods, if the status is 405
	challenge  string // if the status is 401
	cause      error  // for the log alone
}

// Error is for the log.
func (p *problem) Error() string {
	if p.cause != nil {
		return fmt.Sprintf("%s: %v", p.Detail, p.cause)
	}
	return p.Detail
}

// Unwrap returns the cause.
func (p *problem) Unwrap() error { return p.cause }

func badRequest(detail string) error {
	return &problem{Status: http.StatusBadRequest, Detail: detail}
}

// unavailable is an error that coming back later can mend.
func unavailable(detail string, after time.Duration, cause error) error {
	return &problem{Status: http.StatusServiceUnavailable, Detail: detail, retryAfter: after, cause: cause}
}

// panicError is what an action panicked with, and where.
type panicError struct {
	value any
	stack []byte
}

func newPanicError(value any) error { return &panicError{value, debug.Stack()} }

// Error is for the log.
func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

// asProblem says what the caller is told. Whatever is not meant for callers
// says no more than that.
func asProblem(err error) *problem {
	var known *problem
	var crashed *panicError
	switch {
	case errors.As(err, &known):
		copied := *known
		return &copied
	case errors.As(err, &crashed):
		return &problem{Status: http.StatusInternalServerError, Detail: "the request could not be served"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &problem{Status: http.StatusServiceUnavailable, Detail: "it took too long", retryAfter: retryLater}
	}
	return &problem{Status: http.StatusServiceUnavailable, Detail: "a part that is needed does not answer", retryAfter: retryLater}
}

// refusal is the answer to a call that ended in an error, and the error as it
// is to be logged.
func refusal(c *call, err error) (answer, error) {
	p := asProblem(err)
	p.Type, p.Title, p.RequestID = "about:blank", http.StatusText(p.Status), c.id
	header := http.Header{}
	if p.retryAfter > 0 {
		header.Set("Retry-After", seconds(p.retryAfter))
	}
	if p.allow != "" {
		header.Set("Allow", p.allow)
	}
	if p.challenge != "" {
		header.Set("WWW-Authenticate", p.challenge)
	}
	return answer{status: p.Status, header: header, mediaType: "application/problem+json", body: p}, err
}

// seconds is the duration as headers have it, rounded up.
func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}

// answer is what a call gives.
type answer struct {
	status    int
	header    http.Header
	mediaType string // empty: application/json
	body      any    // []byte is written as it is, anything else as JSON
}

func (a answer) write(w http.ResponseWriter) error {
	body, ok := a.body.([]byte)
	if !ok {
		var err error
		if body, err = json.Marshal(a.body); err != nil {
			return err
		}
		body = append(body, '\n')
	}
	header := w.Header()
	maps.Copy(header, a.header)
	header.Set("Content-Type", "application/json")
	if a.mediaType != "" {
		header.Set("Content-Type", a.mediaType)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, err := w.Write(body)
	return err
}
