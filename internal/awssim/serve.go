package awssim

import (
	"cmp"
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

// The services.
const (
	ec2Service     = "EC2"
	route53Service = "Route 53"
)

// call is one decoded request: the protocol's way from a form or a document
// to a change of the model, and back to XML.
type call struct {
	service, action string
	caller          string // the access key
	signedAt        time.Time
	describes       bool     // its answer may lag behind
	zone            string   // the zone whose record sets it changes
	charges         []charge // what it takes from the buckets
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
	c := s.decode(r, body)
	s.count(c.action)
	if err := c.readSignature(r, time.Now()); err != nil {
		return s.refuse(c, err)
	}
	v := s.arrive(c)
	defer s.leave(v)
	if err := wait(r.Context(), v.latency); err != nil {
		s.abandon(c, v)
		return reply{}, err
	}
	if v.refusal != nil {
		return s.refuse(c, v.refusal)
	}
	if s.opts.Intercept != nil {
		v.fault = cmp.Or(s.opts.Intercept(c.action, r), v.fault)
	}
	return s.carryOut(c, v.fault)
}

// decode reads a request of either service. What cannot be read is a call that
// is refused.
func (s *Sim) decode(r *http.Request, body []byte) call {
	read := decodeEC2
	if strings.HasPrefix(r.URL.Path, route53Prefix) {
		read = decodeRoute53
	}
	c, err := read(r, body)
	if err != nil {
		c.run = func(*model) (any, error) { return nil, err }
	}
	return c
}

// carryOut executes the call, as far as its fault lets it.
func (s *Sim) carryOut(c call, fault *Fault) (reply, error) {
	if fault == nil {
		return s.execute(c)
	}
	switch {
	case fault.LostReply:
		_, _ = s.execute(c) // nobody hears of it
	case fault.Late.set():
		s.view(func(m *model) { m.later(c, fault.Late) })
	case !fault.Dropped:
		return s.refuse(c, fault.apiError())
	}
	return reply{}, errLostReply
}

func (s *Sim) execute(c call) (reply, error) {
	var result any
	err := s.update(func(m *model) (err error) {
		result, err = c.run(m.seenBy(c))
		return err
	})
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

// signatureLifetime is how far a request's time stamp may be off.
const signatureLifetime = 5 * time.Minute

// readSignature looks who has signed the request, if it is signed at all, and
// whether that was not too long ago. It verifies nothing.
func (c *call) readSignature(r *http.Request, now time.Time) error {
	credential, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return &apiError{status: http.StatusForbidden, code: "MissingAuthenticationToken",
			message: "The request must contain an Authorization header of Signature Version 4."}
	}
	c.caller, _, _ = strings.Cut(strings.TrimPrefix(credential, "Credential="), "/")
	stamp, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return &apiError{status: http.StatusForbidden, code: "IncompleteSignature",
			message: "The request must contain a valid X-Amz-Date header."}
	}
	c.signedAt = stamp
	return c.checkAge(now)
}

// checkAge: AWS accepts a signed request for five minutes.
func (c *call) checkAge(now time.Time) error {
	if now.Sub(c.signedAt).Abs() > signatureLifetime {
		return refusef("RequestExpired", "Request has expired. Timestamp date is %s. Current date is %s.",
			c.signedAt.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}
