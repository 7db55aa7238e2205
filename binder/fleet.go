package binder

import (
	"context"
	"iter"
	"net/netip"
	"time"
)

// State is an instance's state, in EC2's words.
type State string

// EC2's instance states.
const (
	Pending      State = "pending"
	Running      State = "running"
	ShuttingDown State = "shutting-down"
	Terminated   State = "terminated"
	Stopping     State = "stopping"
	Stopped      State = "stopped"
)

// Instance is what the binder knows of a worker.
type Instance struct {
	// ID names the instance, such as "i-0abc".
	ID    string
	State State
	// Eligible: the fleet's selection (by tags, say) covers the instance. Only
	// eligible instances are bound. Losing eligibility takes no address away.
	Eligible bool
	// NetworkInterfaceID is the primary interface (device index 0); empty if it
	// is not known, as for a terminated instance.
	NetworkInterfaceID string
	// PrivateIP is that interface's primary private address.
	PrivateIP netip.Addr
	// ElasticIP is an Elastic IP address that this interface holds, whoever
	// associated it; the zero Addr if none is seen. An auto-assigned public
	// address does not count.
	ElasticIP netip.Addr
	// NetworkBorderGroup is the one that the instance's addresses must have;
	// empty if not known.
	NetworkBorderGroup string
	AvailabilityZone   string
	// Type is the instance type, such as "c7gn.2xlarge".
	Type       string
	LaunchedAt time.Time
	// Tags are the instance's tags; they may be missing once it is terminated.
	Tags map[string]string
}

// Fleet tells which workers there are.
//
// Fleets are safe for concurrent use; what they return shares no memory with
// their state. Every error but a context's wraps its cause.
type Fleet interface {
	// Describe returns the instances of these IDs, eligible or not, each once and
	// in no particular order. IDs that are not known are left out: that is not
	// proof that the instance is gone, since a new instance may not be known
	// yet. Malformed IDs are left out, too. Without IDs the result is empty. A
	// result that is not whole is an error.
	Describe(ctx context.Context, ids ...string) ([]Instance, error)

	// List yields the eligible instances in whatever state, each once and in no
	// particular order. An error ends the sequence: what came before it is then
	// not all. Breaking off is fine.
	List(ctx context.Context) iter.Seq2[Instance, error]
}
