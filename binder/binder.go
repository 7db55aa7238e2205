// Package binder gives workers their public identity and takes it back. A
// [Binder] ties a fleet of instances, a pool of addresses, a naming policy, a
// DNS zone and a record store together:
//
//	b, err := binder.New(binder.Backends{
//		Fleet: fleet, Pool: pool, Policy: policy, Zone: zone, Store: records,
//	}, func(o *binder.Options) { o.Suffix = "media.example.com" })
//	if err != nil {
//		return err
//	}
//	outcomes, err := b.Reconcile(ctx, "i-0abc", "i-0def")
//
// Reconcile looks at what is and brings the instances to what should be: a
// running, eligible one gets an address, a name and a record; one that is
// gone loses them. It may be called for any instance, at any time, any number
// of times, by any number of processes at once, and a process may die at any
// point of it: the record store decides who wins, and whoever comes next
// continues from what is really there.
//
// # Verbs
//
// Reconcile is all that events need. Sweep, every minute or two, does what
// events would have done that were lost, and repairs or reports the rest; a dry
// run prints the plan. Drain hides a worker from schedule servers and Undrain
// shows it again, Unbind takes a binding back, Pause stops everything until
// Resume, and Check says what is missing before there is any work.
//
// # Names
//
// The policy gives candidates, and the first one that nobody has is the worker's.
// A name of an address (dnspolicy.PerAddress) can stay with it: with
// Options.KeepNames, Prewarm and each Sweep publish the names of the whole pool,
// and binding waits for no DNS. A policy, TTL or option may change at any time:
// what is published is taken back as it was published.
//
// # Several classes of workers
//
// A [Mux] routes instances by their tags to Binders that have a pool, a suffix, a
// zone and a policy each. It has the verbs of a Binder.
//
// A Binder is safe for concurrent use. It has no goroutines of its own: those
// of a call end before the call returns.
package binder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// Binder binds addresses to instances. Make one with New.
type Binder struct {
	fleet  Fleet
	pool   eippool.Pool
	policy dnspolicy.Policy
	zone   dnspolicy.Zone
	store  store.Store
	opts   Options
	decide func(view) decision     // the planner: rules.decide of the options
	queued sync.Map                // the instances that wait for a turn in this process
	common []dnspolicy.CommonNamer // whose names no worker may have: the policy, and those of a Mux's other profiles
}

// New returns a Binder, or an ErrConfig that names the field. It does no I/O:
// Check does.
func New(b Backends, optFns ...func(*Options)) (*Binder, error) {
	opts, err := resolve(b, optFns)
	if err != nil {
		return nil, err
	}
	made := &Binder{fleet: b.Fleet, pool: b.Pool, policy: b.Policy, zone: b.Zone, store: b.Store, opts: opts}
	made.decide = made.rules().decide
	made.common = commonOf(b.Policy)
	return made, nil
}

// Check verifies what only the cloud knows: that the store has its tables and
// their schema, that the zone exists and holds the suffix, and that the pool
// is not empty. It changes nothing. The error joins all that is wrong.
func (b *Binder) Check(ctx context.Context) error {
	checks := []func(context.Context) error{b.checkPool}
	if c, ok := b.store.(store.Checker); ok {
		checks = append(checks, c.Check)
	}
	if c, ok := b.zone.(dnspolicy.Checker); ok {
		checks = append(checks, func(ctx context.Context) error { return c.Check(ctx, b.opts.Suffix) })
	}
	errs := make([]error, len(checks))
	var group sync.WaitGroup // at once: a function that starts is waited for
	for i, check := range checks {
		group.Go(func() { errs[i] = check(ctx) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (b *Binder) checkPool(ctx context.Context) error {
	_, err := b.listPool(ctx)
	return err
}

// listPool returns the pool's addresses; none is an error.
func (b *Binder) listPool(ctx context.Context) ([]eippool.Address, error) {
	addresses, err := b.pool.List(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("list the pool: %w", err)
	case len(addresses) == 0:
		return nil, fmt.Errorf("%w: the pool is empty: no address carries its tags", ErrConfig)
	}
	return addresses, nil
}

// StartsHidden reports whether Options.StartHidden is set: what shows workers, and
// must be the first to, can refuse to work without it.
func (b *Binder) StartsHidden() bool { return b.opts.StartHidden }

// observe tells the observer and the log.
func (b *Binder) observe(ctx context.Context, e Event) {
	if b.opts.Observer != nil {
		b.opts.Observer.Observe(ctx, e)
	}
	level := slog.LevelInfo
	if e.Err != nil || e.Kind == EventDriftFound {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("instance", e.InstanceID)}
	if e.AllocationID != "" {
		attrs = append(attrs, slog.String("allocation", e.AllocationID))
	}
	if e.IP.IsValid() {
		attrs = append(attrs, slog.String("ip", e.IP.String()), slog.String("name", e.Name))
	}
	if e.Took > 0 {
		attrs = append(attrs, slog.Duration("took", e.Took))
	}
	if e.Reason != "" {
		attrs = append(attrs, slog.String("reason", e.Reason))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	b.opts.Logger.LogAttrs(ctx, level, string(e.Kind), attrs...)
}
