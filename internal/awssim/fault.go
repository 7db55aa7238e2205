package awssim

import (
	"net/http"
	"slices"
	"strconv"
)

// Fault is what goes wrong with one call: an error instead of the call's
// effect, or, if one of the last three fields is set, a broken connection.
type Fault struct {
	// Status is the HTTP status; zero means 400.
	Status int
	// Code and Message are AWS's error code and text.
	Code, Message string
	// LostReply carries the call out and then breaks the connection. The other
	// fields do not matter then.
	LostReply bool
	// Dropped breaks the connection before the call has had any effect.
	Dropped bool
	// Late, unless it is zero, breaks the connection at once and carries the call
	// out after a time between Min and Max: on the state that is there then, or
	// not at all if the request's signature has become too old. See [Sim.LateEffects].
	Late Range
}

// FaultRule is a fault that strikes calls at random.
type FaultRule struct {
	// Actions are the calls concerned; empty means all.
	Actions []string
	// Share is the part of them that is hit, from 0 to 1.
	Share float64
	// Fault is what they get.
	Fault Fault
}

// Abandonment is what becomes of calls whose context ends before their effect.
type Abandonment struct {
	// Share is the part of these calls, from 0 to 1, that have their effect all
	// the same; default 0.
	Share float64
	// Late is how long after the end of the context; default 0 to 5 minutes, for
	// which AWS accepts a signature. The same limit holds as for Fault.Late.
	Late Range
}

func (f *Fault) apiError() *apiError {
	status := f.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	return &apiError{status: status, code: f.Code, message: f.Message}
}

// strike returns the fault of the first rule that hits the call, nil if none does.
func (m *model) strike(action string) *Fault {
	for n, rule := range m.opts.Faults {
		if len(rule.Actions) > 0 && !slices.Contains(rule.Actions, action) {
			continue
		}
		if m.random.stream("fault "+strconv.Itoa(n), action).Float64() < rule.Share {
			return &rule.Fault
		}
	}
	return nil
}
