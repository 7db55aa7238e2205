package binder

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// The kinds of errors of this package; compare with errors.Is.
var (
	// ErrThrottled: a Fleet was asked too often; come back later.
	ErrThrottled = errors.New("throttled")
	// ErrDenied: a Fleet's caller may not do this. Trying again does not help.
	ErrDenied = errors.New("not permitted")
	// ErrServing: the worker is running and eligible, so its binding is taken
	// back only by force.
	ErrServing = errors.New("worker is running and eligible")
	// ErrNameTaken: all names that the policy gives are somebody else's.
	ErrNameTaken = errors.New("every candidate name is taken")
	// ErrDrift: what the cloud shows contradicts the record in a way that only
	// an operator can resolve.
	ErrDrift = errors.New("cloud and record contradict each other")
	// ErrPaused: the pause switch in the store is set.
	ErrPaused = errors.New("paused")
	// ErrConfig: the configuration cannot work. Trying again does not help.
	ErrConfig = errors.New("invalid configuration")
)

// Error says at which step an instance's binding failed, and what is left
// behind. The record in the store has the same facts: the next Reconcile of
// the instance continues from there.
type Error struct {
	// Step is what was being done, such as "associate".
	Step string
	// The IDs that the step was about; empty where there were none yet.
	InstanceID, AllocationID, AssociationID, Name string
	// Terminal: trying again cannot help until somebody changes something.
	Terminal bool
	// Err is the cause.
	Err error
}

// Error names the step, the IDs and the cause.
func (e *Error) Error() string {
	var ids []string
	for _, id := range []string{e.InstanceID, e.AllocationID, e.AssociationID, e.Name} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return fmt.Sprintf("%s %s: %v", e.Step, strings.Join(ids, " "), e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// terminal reports whether trying again cannot help. Everything is worth
// another try unless a backend says otherwise.
func terminal(err error) bool {
	for _, kind := range []error{
		eippool.ErrDenied, eippool.ErrInvalid, eippool.ErrOccupied,
		dnspolicy.ErrDenied, dnspolicy.ErrInvalid, dnspolicy.ErrInvalidName,
		store.ErrDenied, store.ErrInvalid,
		ErrDenied, ErrServing, ErrNameTaken, ErrDrift, ErrConfig, errPolicy,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// errPolicy marks what a Policy returned: it is pure, so it will say the same
// again.
var errPolicy = errors.New("policy gives no name")

func throttled(err error) bool {
	return errors.Is(err, eippool.ErrThrottled) || errors.Is(err, dnspolicy.ErrThrottled) ||
		errors.Is(err, store.ErrThrottled) || errors.Is(err, ErrThrottled)
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

var errServing = fmt.Errorf("%w: force the unbinding, or take its eligibility away first", ErrServing)

func errForeign(r *store.Record) error {
	return fmt.Errorf("%w: its record belongs to the deployment %q", ErrDrift, r.BinderID)
}

func errOccupied(i *Instance) error {
	return fmt.Errorf("%w: %s holds %s, which no record explains", eippool.ErrOccupied, i.NetworkInterfaceID, i.ElasticIP)
}

func errMoved(r *store.Record, a *eippool.Address) error {
	return fmt.Errorf("%w: the record binds %s to %s, but %s holds it", ErrDrift, r.IP, r.NetworkInterfaceID, a.NetworkInterfaceID)
}
