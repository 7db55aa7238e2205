package awssim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody is more than any request that AWS accepts.
const maxBody = 4 << 20

// errLostReply is what a client sees of a broken connection.
var errLostReply = errors.New("awssim: connection broken before the reply")

// reply is an answer as it goes over the wire.
type reply struct {
	status    int
	requestID string
	location  string
	body      []byte
}

// call is one decoded request: the protocol's way from a form or a document
// to a change of the model, and back to XML.
type call struct {
	action string
	// run executes the call. It is the only part that sees the model.
	run func(*model) (any, error)
	// encode and encodeError make the reply's body.
	encode      func(result any, requestID string) (reply, error)
	encodeError func(err *apiError, requestID string) ([]byte, error)
}

// serve answers one request; the error says that there is no answer.
func (s *Sim) serve(r *http.Request) (reply, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return reply{}, err
	}
	c, decodeErr := s.decode(r, body)
	s.count(c.action)
	if err := checkSignature(r, time.Now()); err != nil {
		return s.refuse(c, err)
	}
	if err := s.delay(r.Context(), c.action); err != nil {
		return reply{}, err
	}
	var fault *Fault
	if s.opts.Intercept != nil {
		fault = s.opts.Intercept(c.action, r)
	}
	if fault != nil && !fault.LostReply {
		return s.refuse(c, fault.apiError())
	}
	if decodeErr != nil {
		return s.answer(c, nil, decodeErr, fault)
	}
	var result any
	err = s.update(func(m *model) (err error) {
		result, err = c.run(m)
		return err
	})
	return s.answer(c, result, err, fault)
}

func (s *Sim) decode(r *http.Request, body []byte) (call, error) {
	if strings.HasPrefix(r.URL.Path, route53Prefix) {
		return decodeRoute53(r, body)
	}
	return decodeEC2(r, body)
}

func (s *Sim) delay(ctx context.Context, action string) error {
	if s.opts.Latency == nil {
		return ctx.Err()
	}
	timer := time.NewTimer(s.opts.Latency(action))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ctx.Err()
	}
}

func (s *Sim) answer(c call, result any, err error, fault *Fault) (reply, error) {
	if fault != nil {
		return reply{}, errLostReply
	}
	if err != nil {
		return s.refuse(c, err)
	}
	return c.encode(result, s.requestID())
}

func (s *Sim) refuse(c call, err error) (reply, error) {
	var refusal *apiError
	if !errors.As(err, &refusal) {
		refusal = &apiError{status: http.StatusInternalServerError, code: "InternalError", message: err.Error()}
	}
	id := s.requestID()
	body, err := c.encodeError(refusal, id)
	return reply{status: refusal.status, requestID: id, body: body}, err
}

func (s *Sim) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.model.ids.uuid()
}

func (f *Fault) apiError() *apiError {
	status := f.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	return &apiError{status: status, code: f.Code, message: f.Message}
}

// signatureLifetime is how far a request's time stamp may be off.
const signatureLifetime = 5 * time.Minute

// checkSignature looks whether the request is signed at all and not too old:
// AWS accepts a signed request for five minutes. It verifies nothing.
func checkSignature(r *http.Request, now time.Time) error {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		return &apiError{status: http.StatusForbidden, code: "MissingAuthenticationToken",
			message: "The request must contain an Authorization header of Signature Version 4."}
	}
	stamp, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return &apiError{status: http.StatusForbidden, code: "IncompleteSignature",
			message: "The request must contain a valid X-Amz-Date header."}
	}
	if now.Sub(stamp).Abs() > signatureLifetime {
		return refusef("RequestExpired", "Request has expired. Timestamp date is %s. Current date is %s.",
			stamp.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}
