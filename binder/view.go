package binder

import (
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// view is all that the next decision about one instance rests on: what was
// observed, and what this run has done since.
type view struct {
	now      time.Time
	seen     time.Time        // when the look at the cloud began that this is from
	id       string           // of the instance
	owner    string           // this run, as an owner of leases
	instance *Instance        // nil: the fleet does not know it
	record   *store.Record    // the one that holds the instance; nil: none
	address  *eippool.Address // the record's; nil: the account has it not
	unsaved  bool             // record is ahead of the store
	own      *candidate       // an address that the unrecorded instance holds and had before
	unclear  bool             // what the unrecorded instance holds: somebody is changing it
	order    order            // what an operator wants
	paused   string           // why nothing may be done; empty: it may
	refused  string           // why it gets no new binding; empty: it may

	// What only a sweep looks for: a published name is missing in the zone, or
	// stands for something else.
	missing bool
	usurped *dnspolicy.ConflictError

	// Of an address that nobody holds.
	left   bool            // it has left the pool
	wanted dnspolicy.RRSet // what is to stay published; the zero RRSet: nothing
	warm   bool            // that is so

	reversed bool  // this run set the reverse name
	bound    bool  // this run made it Bound
	unbound  bool  // this run took a binding back
	failure  error // why this run gave its binding up
}

// order is what somebody wants beyond what should be anyway; the zero order:
// nothing.
type order struct {
	verb verb
	by   string // DrainOptions.By
}

type verb string

const (
	orderUnbind      verb = "unbind"
	orderUnbindForce verb = "unbind by force"
	orderDrain       verb = "drain"
	orderUndrain     verb = "undrain"
	orderBind        verb = "bind"
)

// ofBound reports whether the order is about an existing binding.
func (o order) ofBound() bool { return o.verb != "" && o.verb != orderBind }

// step is what to do next.
type step string

const (
	stepEnd          step = "end"          // nothing more now: the status says why
	stepReserve      step = "reserve"      // write the intent to bind
	stepClaim        step = "claim"        // take the lease, for the decision's next step
	stepAssociate    step = "associate"    // make the interface hold the address
	stepPublish      step = "publish"      // create the record sets
	stepSave         step = "save"         // store what was done, let the lease go
	stepAwait        step = "await"        // wait until DNS is in sync
	stepCommit       step = "commit"       // Bound
	stepReopen       step = "reopen"       // Bound, but not associated: Reserved again
	stepNote         step = "note"         // store since when something odd is seen
	stepHide         step = "hide"         // from schedule servers
	stepShow         step = "show"         // to them again
	stepRelease      step = "release"      // Releasing
	stepUnpublish    step = "unpublish"    // delete the record sets
	stepDisassociate step = "disassociate" // take the address from the interface
	stepReverse      step = "reverse"      // set the address's reverse name
	stepUnreverse    step = "unreverse"    // clear it
	stepFree         step = "free"         // Free

	// Of addresses that nobody holds.
	stepForget  step = "forget"  // no record any more, as there is no address
	stepRetire  step = "retire"  // remove the name that stayed with it
	stepPrewarm step = "prewarm" // publish the name that is to stay with it
	stepReplace step = "replace" // the same, after another one was removed
)

// decision is the next step and what belongs to it.
type decision struct {
	step   step
	next   step          // of stepClaim: what the lease is for
	status Status        // of stepEnd
	retry  time.Duration // of a waiting status
	reason string
	odd    string // of stepNote: the kind
	forced bool   // of stepRelease
	err    error  // of Failed
}

// How soon to come back where nothing tells.
const (
	notReadyRetry  = 5 * time.Second
	exhaustedRetry = 30 * time.Second
	allocatedRetry = 30 * time.Second
	refusedRetry   = 30 * time.Second
	contestedRetry = time.Second
	dnsRetry       = 20 * time.Second // changes are in sync after 20 s to 60 s, mostly
)

// Kinds of odd things in Record.FirstSeen.
const (
	oddInstance    = "instance-absent"
	oddAddress     = "address-absent"
	oddAssociation = "association-absent"
	oddStopped     = "instance-stopped"
	oddOutside     = "address-out-of-pool"
)

// Why a record is hidden: because its instance is stopped, until it runs
// again; or because somebody wants it, or by ReasonStartHidden, until somebody
// wants it shown: see DrainOptions.By.
const (
	reasonStopped = "instance is stopped"
	reasonDrain   = "drain was requested"
)

func end(s Status, reason string) decision { return decision{step: stepEnd, status: s, reason: reason} }

func wait(s Status, retry time.Duration, reason string) decision {
	return decision{step: stepEnd, status: s, retry: retry, reason: reason}
}

func fail(err error) decision { return decision{step: stepEnd, status: Failed, err: err} }
