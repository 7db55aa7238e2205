// Package eippool says what a pool of Elastic IP addresses can do for the
// binder. It holds no cloud code: ec2pool implements [Pool] on Amazon EC2,
// mempool in memory, and pooltest proves an implementation right.
//
// A pool knows addresses and attaches them; it does not choose among them
// and remembers nothing between calls, but for what a [Batch] may. Choosing and
// remembering are the binder's and the store's part.
//
//	addresses, err := pool.List(ctx)
//	if err != nil {
//		return err
//	}
//	target := eippool.Target{InstanceID: "i-0abc", NetworkInterfaceID: "eni-0def"}
//	associationID, err := pool.Associate(ctx, addresses[0].AllocationID, target)
//	if errors.Is(err, eippool.ErrInUse) {
//		// somebody holds it, or an earlier call of ours landed: Lookup tells
//	}
//
// Implementations are safe for concurrent use. Values that they return share
// no memory with their own state, and they keep none that they are given.
package eippool

import (
	"context"
	"net/netip"
)

// Address is one Elastic IP address and, if it is associated, its holder.
type Address struct {
	// AllocationID names the address for its whole life, such as "eipalloc-0a1b".
	AllocationID string
	// IP is the public IPv4 address.
	IP netip.Addr
	// AssociationID names this one attachment, such as "eipassoc-0c2d". It is
	// empty exactly if the address is not associated.
	AssociationID string
	// NetworkInterfaceID is the interface that holds the address, empty if none.
	NetworkInterfaceID string
	// InstanceID is the instance that holds the address. It may be empty for an
	// associated address: not every interface belongs to an instance.
	InstanceID string
	// NetworkBorderGroup is the part of the network from which the address is
	// announced. An address fits only targets of the same group. Empty means
	// that the pool does not distinguish groups.
	NetworkBorderGroup string
	// Tags are the address's tags; nil if there are none.
	Tags map[string]string
}

// Associated reports whether anybody holds the address.
func (a Address) Associated() bool { return a.AssociationID != "" }

// HeldBy reports whether the target's interface holds the address.
func (a Address) HeldBy(t Target) bool {
	return a.Associated() && a.NetworkInterfaceID == t.NetworkInterfaceID
}

// Fits reports whether the address may be associated with the target as far
// as network border groups say. An unknown group on either side fits.
func (a Address) Fits(t Target) bool {
	return a.NetworkBorderGroup == "" || t.NetworkBorderGroup == "" || a.NetworkBorderGroup == t.NetworkBorderGroup
}

// Target is the network interface that is to hold an address: the primary
// interface (device index 0) of an instance.
type Target struct {
	// InstanceID is the instance, for messages; pools act by interface only. One
	// without a cloud that tells it an interface's state gets that from wherever
	// its interfaces are registered, such as the site's inventory.
	InstanceID string
	// NetworkInterfaceID names the interface. Required.
	NetworkInterfaceID string
	// NetworkBorderGroup is the instance's, empty if not known.
	NetworkBorderGroup string
}

// Pool is a set of addresses, told apart from the account's other addresses
// by tags (or whatever the implementation uses).
//
// A pool never retries a conflict and never falls back to another address:
// it reports. Every error but a context's wraps the cause and, where it is
// one of this package's kinds, the sentinel too. An error that wraps no
// sentinel is worth another try. After an error or a cancellation of
// Associate or Disassociate the call may have taken effect, or may still take
// effect within minutes: Lookup tells what is there now.
type Pool interface {
	// List returns all addresses of the pool, free or held, in no particular
	// order. An empty pool gives an empty list and no error. A list that is not
	// whole is an error: no partial result is returned.
	List(ctx context.Context) ([]Address, error)

	// Lookup returns the addresses of these IDs, in no particular order and each
	// once, whether or not they still belong to the pool: an address exists at
	// least as long as it is associated, even if somebody has taken it out of the
	// pool, or off the list of all addresses. IDs that do not exist are left out;
	// without IDs the result is empty. Only an address that is
	// certainly absent is left out: a call that was throttled, refused or cut
	// short is an error.
	Lookup(ctx context.Context, allocationIDs ...string) ([]Address, error)

	// Associate makes the target's interface hold the address, and returns the
	// ID of the association. It never takes an address from another target, and
	// never displaces an address that the target is seen to hold. Of calls of one
	// process that would give a target two addresses, one wins; between
	// processes the binder's store sees to that.
	//
	// If the target holds this very address, Associate returns the ID of that
	// association, or ErrInUse where the implementation cannot tell it from a
	// foreign one (Lookup can). If another target holds it: ErrInUse. If the
	// target holds any other address, of the pool or not: ErrOccupied. No such
	// address: ErrNotFound. The target's instance is not ready, or the interface
	// is not (yet) known: ErrTargetNotReady. The instance is terminated or about
	// to be: ErrTargetGone, or ErrTargetNotReady where the implementation cannot
	// tell. Address and target do not fit together, or the target names no
	// interface: ErrInvalid. Where several apply, any of them. After each of these
	// errors nothing has changed.
	Associate(ctx context.Context, allocationID string, target Target) (associationID string, err error)

	// Disassociate ends this one association. An association that does not
	// exist any more is success; a newer association of the same address has
	// another ID and is not touched. An empty ID is ErrInvalid.
	Disassociate(ctx context.Context, associationID string) error
}

// Allocator is what a pool implements in addition if it can buy addresses and
// give them back. Without it the pool is what somebody else puts into it.
type Allocator interface {
	// Allocate buys an address that belongs to the pool from the start, so that
	// List shows it. No more to be had: ErrLimit. After another error or a
	// cancellation an address may have been bought; it then carries the pool's
	// tags and List shows it.
	Allocate(ctx context.Context) (Address, error)

	// Release gives an address back for good. An address that does not exist is
	// success. An associated address is ErrInUse, one whose reverse name is set
	// is ErrLocked, and both are left as they are.
	Release(ctx context.Context, allocationID string) error
}

// ReverseNamer is what a pool implements in addition if it can set the
// reverse DNS name (PTR) of its addresses.
type ReverseNamer interface {
	// SetReverseName makes name (absolute, with trailing dot) the address's
	// reverse name. Setting the name that it has is success; another one is
	// replaced. The forward A record must exist before: ErrInvalid if the
	// implementation sees that it does not. No such address: ErrNotFound.
	SetReverseName(ctx context.Context, allocationID, name string) error

	// ClearReverseName removes the reverse name. No name is success. No such
	// address: ErrNotFound.
	ClearReverseName(ctx context.Context, allocationID string) error
}

// Pacer is what a pool implements in addition if it may be asked to associate
// only so often. A caller that must not wait in Associate, because it holds a
// lease then, waits here before.
type Pacer interface {
	// Pace waits until Associate may be called, and returns a context for one such
	// call: under paced it goes out without further waiting. Those who ask first
	// are served first. The turn lasts until it is used; what else happens under
	// paced, and what the pool repeats because it failed, is paced as without.
	//
	// done gives back a turn that was not used. It must be called once the turn is
	// of no more use, whether or not there was a call; calling it again does nothing.
	//
	// If the turn would come only after the deadline of ctx, as far as the pool can
	// see, Pace returns a *LateError at once; if ctx ends, its error as it is. With
	// any error nothing is taken, and paced and done are nil.
	Pace(ctx context.Context) (paced context.Context, done func(), err error)
}

// DisassociationPacer is a Pacer that gives turns for Disassociate, too.
type DisassociationPacer interface {
	Pacer
	// PaceDisassociate is to Disassociate what Pace is to Associate.
	PaceDisassociate(ctx context.Context) (paced context.Context, done func(), err error)
}
