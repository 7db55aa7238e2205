package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
)

// Principal is who asks: either an instance or an operator, never both.
type Principal struct {
	// InstanceID is the instance that asks; empty for an operator.
	InstanceID string
	// Operator: may list, drain and undrain.
	Operator bool
	// Name is for the log. It must be made of what was verified.
	Name string
}

// Authenticator says who asks.
//
// The error is ErrNoCredentials if the request has none that this Authenticator
// takes, ErrUnauthenticated if they prove nothing, and ErrForbidden if they prove
// somebody who may do nothing here; what callers are told does not say more. Any
// other error means that it could not be found out, and that coming back can help.
//
// Authenticators are safe for concurrent use. They do not read the request's body.
type Authenticator interface {
	Authenticate(r *http.Request) (Principal, error)
}

// Challenger is what an Authenticator implements in addition to tell callers
// without credentials which ones it takes.
type Challenger interface {
	// Challenge returns the value of a header WWW-Authenticate (RFC 9110).
	Challenge() string
}

// AuthenticatorFunc is a function as an Authenticator, such as one for operators
// on a server of one's own.
type AuthenticatorFunc func(r *http.Request) (Principal, error)

// Authenticate calls f.
func (f AuthenticatorFunc) Authenticate(r *http.Request) (Principal, error) { return f(r) }

// The kinds of errors of an Authenticator; compare with errors.Is.
var (
	// ErrNoCredentials: the request has no credentials of this kind.
	ErrNoCredentials = errors.New("no credentials")
	// ErrUnauthenticated: the credentials prove nothing.
	ErrUnauthenticated = errors.New("credentials are not valid")
	// ErrForbidden: who asks is known, and may not.
	ErrForbidden = errors.New("not allowed")
)

// FirstOf returns an Authenticator that asks these in order until one knows the
// request's kind of credentials (any answer but ErrNoCredentials): one for the
// instances, say, and another one for operators.
func FirstOf(authenticators ...Authenticator) Authenticator { return firstOf(authenticators) }

type firstOf []Authenticator

func (f firstOf) Authenticate(r *http.Request) (Principal, error) {
	for _, a := range f {
		p, err := a.Authenticate(r)
		if !errors.Is(err, ErrNoCredentials) {
			return p, err
		}
	}
	return Principal{}, ErrNoCredentials
}

// Challenge returns the challenges of those who have one.
func (f firstOf) Challenge() string {
	joined := ""
	for _, a := range f {
		if c, ok := a.(Challenger); ok && c.Challenge() != "" {
			if joined != "" {
				joined += ", "
			}
			joined += c.Challenge()
		}
	}
	return joined
}

var instanceID = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)

// ValidInstanceID reports whether this is an instance ID as EC2 makes them: "i-"
// and 8 or 17 hexadecimal digits.
func ValidInstanceID(id string) bool { return instanceID.MatchString(id) }

// authenticate finds out who asks, and whether such a one may.
func (h *Handler) authenticate(c *call, who access) error {
	p, err := h.parts.Authenticator.Authenticate(c.Request)
	switch {
	case errors.Is(err, ErrForbidden):
		return forbidden(err)
	case errors.Is(err, ErrNoCredentials), errors.Is(err, ErrUnauthenticated):
		return h.unauthenticated(err)
	case err != nil:
		return fmt.Errorf("authenticate: %w", err)
	}
	if p.Operator == (p.InstanceID != "") || p.InstanceID != "" && !ValidInstanceID(p.InstanceID) {
		return forbidden(fmt.Errorf("principal %+v is neither an instance nor an operator", p))
	}
	c.principal = p
	if who == instances && p.Operator || who == operators && !p.Operator {
		return forbidden(errors.New("the action is for another kind of principal"))
	}
	return nil
}

func forbidden(cause error) error {
	return &problem{Status: http.StatusForbidden, Detail: "you may not do this", cause: cause}
}

func (h *Handler) unauthenticated(cause error) error {
	challenge := ""
	if c, ok := h.parts.Authenticator.(Challenger); ok {
		challenge = c.Challenge()
	}
	if challenge == "" { // RFC 9110 wants one with every 401
		challenge = "Custom"
	}
	return &problem{Status: http.StatusUnauthorized, Detail: "credentials are needed that are valid here", challenge: challenge, cause: cause}
}
