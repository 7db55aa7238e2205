package binder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// Mux serves several classes of workers, each with a pool, a suffix, a zone
// and a policy of its own: one for each Karpenter NodePool, say. It has the
// verbs of a [Binder], and routes each instance to the Binder of its
// [Profile]:
//
//	m, err := binder.NewMux(fleet, []binder.Profile{
//		{Name: "media", Instances: binder.Tags{"karpenter.sh/nodepool": "media"}, Backends: media, Options: mediaOptions},
//		{Name: "voice", Instances: binder.Tags{"karpenter.sh/nodepool": "voice"}, Backends: voice, Options: voiceOptions},
//	})
//	if err != nil {
//		return err
//	}
//	outcomes, err := m.Reconcile(ctx, "i-0abc", "i-0def")
//
// An instance that a record holds is the profile's whose record that is,
// whatever its tags say by now. Any other one is that of the first profile
// which selects its tags; if more than one does, that is logged. One that no
// profile selects is Ineligible. What one profile's Binder fails at does not
// touch another's.
//
// Profiles best share one store: it then also sees to it that no instance and
// no name is given to two of them. With separate stores that depends on the
// tags: they must not change, from one profile's to another's, while an
// instance is being bound.
//
// A Mux is safe for concurrent use, and has no goroutines of its own.
type Mux struct {
	fleet    Fleet
	profiles []profile
	stores   []store.Store // of the profiles, each once
	logger   *slog.Logger
}

// profile is a Profile that was checked, and its Binder.
type profile struct {
	name      string
	instances Selector
	binder    *Binder
	store     int // in Mux.stores
}

// MuxOptions are a Mux's tunables. Those of the Binders belong to the profiles.
type MuxOptions struct {
	// Logger is told of instances that more than one profile selects.
	// Default: silence.
	Logger *slog.Logger
}

// NewMux returns a Mux on the fleet, which must show the instances of all
// profiles, or an ErrConfig that names the profile and the field. Profiles
// that are seen to overlap are refused:
//
//   - two of one name, or of one BinderID in one store;
//   - two on one pool: what one has used, the other never would;
//   - two in one zone with one suffix, or one under the other's, unless they
//     share the store, which keeps their names apart;
//   - one all of whose names workers of another may have in common;
//   - two of which an instance is found that both select (see [Overlap]).
//
// It does no I/O: Check does, and finds more.
func NewMux(fleet Fleet, profiles []Profile, optFns ...func(*MuxOptions)) (*Mux, error) {
	opts := MuxOptions{Logger: slog.New(slog.DiscardHandler)}
	for _, fn := range optFns {
		fn(&opts)
	}
	if opts.Logger == nil {
		return nil, fmt.Errorf("%w: MuxOptions.Logger is nil: leave it out for silence", ErrConfig)
	}
	m := &Mux{fleet: fleet, logger: opts.Logger}
	if err := checkProfiles(fleet, profiles); err != nil {
		return nil, err
	}
	var errs []error
	for _, p := range profiles {
		errs = append(errs, m.add(p))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := m.checkOverlaps(); err != nil {
		return nil, err
	}
	if err := m.joinCommon(); err != nil {
		return nil, err
	}
	return m, nil
}

// joinCommon keeps the workers of each profile from names that those of any have
// in common, and finds one that is left with no name at all.
func (m *Mux) joinCommon() error {
	var all []dnspolicy.CommonNamer
	for _, p := range m.profiles {
		all = append(all, p.binder.common...)
	}
	var errs []error
	for _, p := range m.profiles {
		p.binder.common = all
		if name := onlyCommon(p.binder.policy, p.binder.opts.terms(), all); name != "" {
			errs = append(errs, p.wrap(fmt.Errorf("%w: Backends.Policy: %s, like all that it names a worker, is a name that workers may have in common: give one of the profiles another suffix", ErrConfig, name)))
		}
	}
	return errors.Join(errs...)
}

// add makes the profile's Binder.
func (m *Mux) add(p Profile) error {
	added := profile{name: p.Name, instances: p.Instances, store: m.storeOf(p.Backends.Store)}
	backends := p.Backends
	backends.Fleet = share{m, len(m.profiles)}
	if backends.Store != nil {
		backends.Store = plainStore(backends.Store)
	}
	named := func(o *Options) { o.BinderID = p.Name }
	var err error
	if added.binder, err = New(backends, append([]func(*Options){named}, p.Options...)...); err != nil {
		return added.wrap(err)
	}
	m.profiles = append(m.profiles, added)
	return nil
}

// storeOf returns the store's place in m.stores.
func (m *Mux) storeOf(s store.Store) int {
	for i, known := range m.stores {
		if same(s, known) {
			return i
		}
	}
	m.stores = append(m.stores, s)
	return len(m.stores) - 1
}

func (p profile) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("profile %q: %w", p.name, err)
}

// plainStore hides what a Mux asks the store itself, once for all profiles
// that share it: whether it will do, and what it keeps that is derived.
func plainStore(s store.Store) store.Store {
	if p, ok := s.(store.Pauser); ok {
		return struct {
			store.Store
			store.Pauser
		}{s, p}
	}
	return struct{ store.Store }{s}
}

// Check is Check of all profiles' Binders. It also finds addresses that two
// profiles' pools have. The error joins all that is wrong.
func (m *Mux) Check(ctx context.Context) error {
	pools := make([][]eippool.Address, len(m.profiles))
	errs := make([]error, 2*len(m.profiles)+len(m.stores))
	var group sync.WaitGroup
	for n, p := range m.profiles {
		group.Go(func() {
			var err error
			pools[n], err = p.binder.listPool(ctx)
			errs[2*n] = p.wrap(err)
		})
		if c, ok := p.binder.zone.(dnspolicy.Checker); ok {
			group.Go(func() { errs[2*n+1] = p.wrap(c.Check(ctx, p.binder.opts.Suffix)) })
		}
	}
	for i, s := range m.stores {
		if c, ok := s.(store.Checker); ok {
			group.Go(func() { errs[2*len(m.profiles)+i] = c.Check(ctx) })
		}
	}
	group.Wait()
	return errors.Join(append(errs, m.checkPools(pools)...)...)
}

// checkPools finds profiles that have addresses in common.
func (m *Mux) checkPools(pools [][]eippool.Address) []error {
	var errs []error
	owner := map[string]int{}
	told := map[[2]int]bool{}
	for n, addresses := range pools {
		for _, a := range addresses {
			first, taken := owner[a.AllocationID]
			pair := [2]int{first, n}
			switch {
			case !taken:
				owner[a.AllocationID] = n
			case first != n && !told[pair]:
				told[pair] = true
				errs = append(errs, m.refuse(first, n, "%s (%s) is in the pools of both", a.IP, a.AllocationID))
			}
		}
	}
	return errs
}

// StartsHidden is [Binder.StartsHidden] of all profiles.
func (m *Mux) StartsHidden() bool {
	return !slices.ContainsFunc(m.profiles, func(p profile) bool { return !p.binder.StartsHidden() })
}

// Pause is Pause for every store of the profiles.
func (m *Mux) Pause(ctx context.Context, reason string) error {
	return m.eachPauser(func(p store.Pauser) error { return p.Pause(ctx, reason) })
}

// Resume is Resume for every store of the profiles.
func (m *Mux) Resume(ctx context.Context) error {
	return m.eachPauser(func(p store.Pauser) error { return p.Resume(ctx) })
}

// eachPauser calls do for every store's switch, also after an error.
func (m *Mux) eachPauser(do func(store.Pauser) error) error {
	var errs []error
	for _, s := range m.stores {
		p, err := pauser(s)
		if err == nil {
			err = do(p)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Prewarm is [Binder.Prewarm] for all profiles that keep names; no such profile
// is ErrConfig.
func (m *Mux) Prewarm(ctx context.Context) (published int, err error) {
	counts, errs := make([]int, len(m.profiles)), make([]error, len(m.profiles))
	keeps := false
	var group sync.WaitGroup
	for n, p := range m.profiles {
		if p.binder.opts.KeepNames {
			keeps = true
			group.Go(func() {
				var err error
				counts[n], err = p.binder.Prewarm(ctx)
				errs[n] = p.wrap(err)
			})
		}
	}
	group.Wait()
	if !keeps {
		return 0, fmt.Errorf("%w: Prewarm needs Options.KeepNames of a profile", ErrConfig)
	}
	for _, n := range counts {
		published += n
	}
	return published, errors.Join(errs...)
}

// Reconcile is [Binder.Reconcile] for instances of any profiles. All of them
// are observed at once.
func (m *Mux) Reconcile(ctx context.Context, ids ...string) ([]Outcome, error) {
	return m.reconcile(ctx, unique(ids), order{})
}

// Bind is [Binder.Bind].
func (m *Mux) Bind(ctx context.Context, id string) (Outcome, error) {
	return only(m.reconcile(ctx, []string{id}, order{verb: orderBind}))
}

// Unbind is [Binder.Unbind].
func (m *Mux) Unbind(ctx context.Context, id string, optFns ...func(*UnbindOptions)) (Outcome, error) {
	return only(m.reconcile(ctx, []string{id}, unbindOrder(optFns)))
}

// Drain is [Binder.Drain].
func (m *Mux) Drain(ctx context.Context, id string, optFns ...func(*DrainOptions)) (Outcome, error) {
	return only(m.reconcile(ctx, []string{id}, order{orderDrain, resolved(optFns).By}))
}

// Undrain is [Binder.Undrain].
func (m *Mux) Undrain(ctx context.Context, id string, optFns ...func(*DrainOptions)) (Outcome, error) {
	return only(m.reconcile(ctx, []string{id}, order{orderUndrain, resolved(optFns).By}))
}
