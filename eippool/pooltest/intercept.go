package pooltest

import (
	"context"
	"slices"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/internal/suite"
)

// Hook stands between a caller and a pool. It gets every call by the name of
// its method, such as "Associate", and do, which makes it. The caller gets what
// Hook returns: if that is nil the answer of do, else the error alone. So a Hook
// can
//
//   - pass the call on: return do()
//   - fail it: return an error without do
//   - lose its reply: do(), then return an error
//   - delay it: wait for ctx or a time, then return do()
//   - let it take effect late: return an error, and have do called later
//
// To return nil without do is to invent an answer, a zero one. A call that has
// left the caller takes effect whatever becomes of the caller: do has the
// values of its context, but does not end with it, and it may be used after
// Hook has returned, and again. Hook must be safe for concurrent use if the
// pool is used so. A caller whose context is at its end makes no call.
type Hook func(ctx context.Context, call string, do func() error) error

// Intercept returns the pool with the hook before it. It implements
// [eippool.Allocator] and [eippool.ReverseNamer] if p does, and the hook gets
// their calls, too. It is always an [eippool.DisassociationPacer]: taking a turn is
// no call to the cloud, and passes by the hook; if p gives none, it does not wait.
func Intercept(p eippool.Pool, hook Hook) eippool.Pool {
	pool := intercepted{p, hook}
	a, isAllocator := p.(eippool.Allocator)
	r, isNamer := p.(eippool.ReverseNamer)
	allocator, namer := interceptedAllocator{a, hook}, interceptedNamer{r, hook}
	// What a value implements is fixed when it is compiled: hence a type for each
	// combination.
	switch {
	case isAllocator && isNamer:
		return struct {
			intercepted
			eippool.Allocator
			eippool.ReverseNamer
		}{pool, allocator, namer}
	case isAllocator:
		return struct {
			intercepted
			eippool.Allocator
		}{pool, allocator}
	case isNamer:
		return struct {
			intercepted
			eippool.ReverseNamer
		}{pool, namer}
	}
	return pool
}

type intercepted struct {
	pool eippool.Pool
	hook Hook
}

func (i intercepted) List(ctx context.Context) ([]eippool.Address, error) {
	return suite.Ask(ctx, i.hook, "List", i.pool.List)
}

func (i intercepted) Lookup(ctx context.Context, allocationIDs ...string) ([]eippool.Address, error) {
	ids := slices.Clone(allocationIDs) // the caller may have changed them by the time of a late call
	return suite.Ask(ctx, i.hook, "Lookup", func(ctx context.Context) ([]eippool.Address, error) { return i.pool.Lookup(ctx, ids...) })
}

func (i intercepted) Associate(ctx context.Context, allocationID string, target eippool.Target) (string, error) {
	return suite.Ask(ctx, i.hook, "Associate", func(ctx context.Context) (string, error) { return i.pool.Associate(ctx, allocationID, target) })
}

func (i intercepted) Disassociate(ctx context.Context, associationID string) error {
	return suite.Tell(ctx, i.hook, "Disassociate", func(ctx context.Context) error { return i.pool.Disassociate(ctx, associationID) })
}

// Pace implements [eippool.Pacer].
func (i intercepted) Pace(ctx context.Context) (paced context.Context, done func(), err error) {
	if pacer, ok := i.pool.(eippool.Pacer); ok {
		return pacer.Pace(ctx)
	}
	return unpaced(ctx)
}

// PaceDisassociate implements [eippool.DisassociationPacer].
func (i intercepted) PaceDisassociate(ctx context.Context) (paced context.Context, done func(), err error) {
	if pacer, ok := i.pool.(eippool.DisassociationPacer); ok {
		return pacer.PaceDisassociate(ctx)
	}
	return unpaced(ctx)
}

func unpaced(ctx context.Context) (paced context.Context, done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	return ctx, func() {}, nil
}

type interceptedAllocator struct {
	allocator eippool.Allocator
	hook      Hook
}

func (i interceptedAllocator) Allocate(ctx context.Context) (eippool.Address, error) {
	return suite.Ask(ctx, i.hook, "Allocate", i.allocator.Allocate)
}

func (i interceptedAllocator) Release(ctx context.Context, allocationID string) error {
	return suite.Tell(ctx, i.hook, "Release", func(ctx context.Context) error { return i.allocator.Release(ctx, allocationID) })
}

type interceptedNamer struct {
	namer eippool.ReverseNamer
	hook  Hook
}

func (i interceptedNamer) SetReverseName(ctx context.Context, allocationID, name string) error {
	return suite.Tell(ctx, i.hook, "SetReverseName", func(ctx context.Context) error { return i.namer.SetReverseName(ctx, allocationID, name) })
}

func (i interceptedNamer) ClearReverseName(ctx context.Context, allocationID string) error {
	return suite.Tell(ctx, i.hook, "ClearReverseName", func(ctx context.Context) error { return i.namer.ClearReverseName(ctx, allocationID) })
}
