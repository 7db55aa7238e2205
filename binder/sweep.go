package binder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// ErrBlastRadius: a sweep would take back more bindings at once than
// Options.BlastRadius allows. Nothing was changed.
var ErrBlastRadius = errors.New("too many bindings would be taken back at once")

// SweepOptions are how a Sweep goes about it.
type SweepOptions struct {
	// DryRun only says what would be done.
	DryRun bool
	// Force takes back more bindings than Options.BlastRadius allows.
	Force bool

	siblings *siblings // of a Mux's profile
}

// Sweep brings everything to what should be: all instances of the fleet, all
// addresses of the pool, all names under the suffix, all records. It does what
// events would have done that were lost, finishes what dead processes left,
// and repairs what was damaged from outside where a record of ours explains
// it. What no record explains is a Finding, and is not touched.
//
// It reads everything first. A read that fails, or is not whole, ends it
// before it has changed anything, and so do ErrBlastRadius and a pause. The
// error then joins those of the instances that failed, as Reconcile's does.
// With a dry run the report says what would be done first for each instance,
// and nothing is changed.
func (b *Binder) Sweep(ctx context.Context, optFns ...func(*SweepOptions)) (Report, error) {
	var opts SweepOptions
	for _, fn := range optFns {
		fn(&opts)
	}
	ctx = eippool.WithBatch(ctx)
	s, err := b.survey(ctx, opts.siblings)
	if err != nil {
		return Report{}, fmt.Errorf("sweep: %w", err)
	}
	report := s.plan(b, time.Now())
	refusal := b.refusal(ctx, report, opts)
	if opts.DryRun || refusal != nil {
		report.DryRun = true
		return report, errors.Join(refusal, b.audit(ctx, &report, false))
	}
	return report, b.apply(ctx, s, &report)
}

// refusal says why the plan may not be carried out, if it is to be.
func (b *Binder) refusal(ctx context.Context, report Report, opts SweepOptions) error {
	if opts.DryRun {
		return nil
	}
	switch reason, err := b.paused(ctx); {
	case err != nil:
		return err
	case reason != "":
		return fmt.Errorf("sweep: %w: %s", ErrPaused, reason)
	}
	if n := report.releases(); n > b.opts.BlastRadius && !opts.Force {
		return fmt.Errorf("sweep: %w: %d, more than %d: look at a dry run, then force it", ErrBlastRadius, n, b.opts.BlastRadius)
	}
	return nil
}

// apply mends what the store derives from its records, and carries the plan out.
func (b *Binder) apply(ctx context.Context, s *survey, report *Report) error {
	audited := b.audit(ctx, report, true)
	if audited != nil && len(report.Store) == 0 {
		return audited // it could not even look
	}
	b.tellDrift(ctx, report.Store)
	for _, f := range report.Findings {
		if f.Kind == FindingConflict {
			continue // the run of its instance tells
		}
		b.observe(ctx, Event{Kind: EventDriftFound, InstanceID: f.InstanceID, AllocationID: f.AllocationID, Name: f.Name, Reason: f.Detail})
	}
	report.Outcomes = make([]Outcome, len(s.views))
	work := b.newBatch(true)
	work.picker.offer(s.candidates)
	work.runAll(ctx, s.views, report.Outcomes)
	report.addConflicts()
	errs := []error{joined(report.Outcomes)}
	for _, o := range s.orphans {
		errs = append(errs, b.removeOrphan(ctx, o))
	}
	errs = append(errs, b.addFreed(ctx, s, &work.picker))
	_, err := b.tendAll(ctx, s.idle)
	errs = append(errs, err)
	return errors.Join(append(errs, audited)...)
}

// addFreed adds the addresses that the sweep itself has freed to those that
// nobody holds.
func (b *Binder) addFreed(ctx context.Context, s *survey, p *picker) error {
	if !b.opts.KeepNames || p.freed.Load() == 0 {
		return nil
	}
	if err := p.load(ctx); err != nil {
		return fmt.Errorf("look at what was freed: %w", err)
	}
	known := map[string]bool{}
	for _, r := range s.free {
		known[r.AllocationID] = true
	}
	for _, c := range p.free {
		if c.record.Version > 0 && !known[c.address.AllocationID] {
			s.idle = append(s.idle, b.idle(c, s.named))
		}
	}
	return nil
}

// addConflicts makes findings of the failures that a person has to end: those
// that the plan could not foresee.
func (r *Report) addConflicts() {
	known := map[string]bool{}
	for _, f := range r.Findings {
		known[f.InstanceID] = known[f.InstanceID] || f.Kind == FindingConflict
	}
	for _, o := range r.Outcomes {
		if (errors.Is(o.Err, ErrNameTaken) || errors.Is(o.Err, ErrDrift)) && !known[o.InstanceID] {
			r.Findings = append(r.Findings, Finding{
				Kind: FindingConflict, InstanceID: o.InstanceID, AllocationID: o.AllocationID, Name: o.Name, Detail: o.Err.Error(),
			})
		}
	}
	r.sortFindings()
}

// tellDrift tells of derived data of the store that is not as it should be, and
// could not be mended. What could be is in the report: schedule servers that race
// with a worker's end leave such things behind.
func (b *Binder) tellDrift(ctx context.Context, found []store.Discrepancy) {
	for _, d := range found {
		if !d.Repaired {
			b.observe(ctx, Event{Kind: EventDriftFound, AllocationID: d.AllocationID, Reason: d.Kind + ": " + d.Detail})
		}
	}
}

// audit adds what the store says of its own derived data.
func (b *Binder) audit(ctx context.Context, report *Report, repair bool) error {
	a, ok := b.store.(store.Auditor)
	if !ok {
		return nil
	}
	found, err := a.Audit(ctx, repair)
	report.Store = found // what could be mended, even if not all could
	if err != nil {
		return fmt.Errorf("audit the store: %w", err)
	}
	return nil
}

// survey is everything that there is, seen once. It may be a hundred thousand of
// everything: records and addresses are kept once, and pointed at.
type survey struct {
	began     time.Time
	views     []view
	free      []*store.Record // in the phase Free
	others    []store.Record  // of a Mux's other profiles: they only explain
	addresses map[string]*eippool.Address
	left      map[string]*eippool.Address // of them, those that have left the pool
	zone      []dnspolicy.RRSet           // A and other sets under the suffix
	named     zoneView                    // the same, by name
	orphans   []orphan
	idle      []view    // of addresses that nobody holds
	taken     []Finding // names of Reserved records that stand for something else

	candidates []candidate // addresses that nobody holds
}

// survey reads everything, cloud before store.
func (b *Binder) survey(ctx context.Context, known *siblings) (*survey, error) {
	began, fleet, err := b.listFleet(ctx, known)
	if err != nil {
		return nil, err
	}
	s := &survey{began: began}
	addresses, err := b.pool.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the pool: %w", err)
	}
	s.addresses = byAllocation(addresses)
	if s.zone, err = b.underSuffix(ctx); err != nil {
		return nil, err
	}
	s.named = viewOf(s.zone)
	records, err := collect("records", b.store.List(ctx, store.Filter{}))
	if err != nil {
		return nil, err
	}
	records, s.others = known.apart(records)
	instances := byID(fleet)
	if err := s.complete(ctx, b, instances, records); err != nil {
		return nil, err
	}
	held := s.sortOut(records)
	s.watchIdle(b, addresses, records)
	s.views = viewsOf(instances, held, s.addresses)
	for i := range s.views {
		s.views[i].seen, s.views[i].refused = s.began, refused(ctx, s.views[i].id)
	}
	if err := b.explainAll(ctx, s.views); err != nil {
		return nil, err
	}
	return s, b.checkNames(ctx, s)
}

// listFleet lists the instances, unless a Mux has, and says when that began.
func (b *Binder) listFleet(ctx context.Context, known *siblings) (time.Time, []Instance, error) {
	if known != nil {
		return known.began, known.instances, nil
	}
	began := time.Now()
	fleet, err := collect("instances", b.fleet.List(ctx))
	return began, fleet, err
}

// collect reads a list whole, or not at all: in pieces, since a slice that grows
// would be copied again and again.
func collect[T any](what string, list iter.Seq2[T, error]) ([]T, error) {
	var pieces [][]T
	var piece []T
	for element, err := range list {
		if err != nil {
			return nil, fmt.Errorf("list the %s: %w", what, err)
		}
		if len(piece) == cap(piece) {
			pieces = append(pieces, piece)
			piece = make([]T, 0, min(2*cap(piece)+16, 4096))
		}
		piece = append(piece, element)
	}
	return slices.Concat(append(pieces, piece)...), nil
}

// byAllocation finds addresses by their ID.
func byAllocation(addresses []eippool.Address) map[string]*eippool.Address {
	found := make(map[string]*eippool.Address, len(addresses))
	for i := range addresses {
		found[addresses[i].AllocationID] = &addresses[i]
	}
	return found
}

// sortOut tells the Free records from the ones that an instance holds, which it
// returns.
func (s *survey) sortOut(records []store.Record) (held []*store.Record) {
	for i := range records {
		if r := &records[i]; r.Phase == store.Free {
			s.free = append(s.free, r)
		} else {
			held = append(held, r)
		}
	}
	return held
}

// watchIdle looks at the addresses that nobody holds: those that may be given
// to somebody, and those of our records that have left pool or account.
func (s *survey) watchIdle(b *Binder, pool []eippool.Address, records []store.Record) {
	s.candidates = b.candidates(pool, records)
	for i, c := range s.candidates {
		v := b.idle(c, s.named)
		s.candidates[i] = v.asSeen(c)
		s.tend(b, v)
	}
	for _, r := range s.free {
		a := s.addresses[r.AllocationID]
		inPool := a != nil && s.left[r.AllocationID] == nil
		if r.BinderID == b.opts.BinderID && !inPool {
			s.tend(b, view{seen: s.began, record: r, address: a, left: true})
		}
	}
}

// tend keeps the view of an address that nobody holds if there is something to
// do about it.
func (s *survey) tend(b *Binder, v view) {
	v.now = s.began
	if d := b.rules().decideFree(v); d.step != stepEnd || d.status != Gone {
		s.idle = append(s.idle, v)
	}
}

// complete adds what the lists leave out: instances that are not eligible, and
// addresses that have left the pool, as far as records hold them.
func (s *survey) complete(ctx context.Context, b *Binder, instances map[string]Instance, records []store.Record) error {
	var instanceIDs, allocationIDs []string
	for i := range records {
		r := &records[i]
		if _, ok := instances[r.InstanceID]; !ok && r.InstanceID != "" {
			instanceIDs = append(instanceIDs, r.InstanceID)
		}
		if s.addresses[r.AllocationID] == nil {
			allocationIDs = append(allocationIDs, r.AllocationID)
		}
	}
	if len(instanceIDs) > 0 {
		found, err := b.describe(ctx, instanceIDs)
		if err != nil {
			return err
		}
		maps.Copy(instances, found)
	}
	if len(allocationIDs) > 0 {
		found, err := b.pool.Lookup(ctx, allocationIDs...)
		if err != nil {
			return fmt.Errorf("look addresses up that left the pool: %w", err)
		}
		s.left = byAllocation(found)
		maps.Copy(s.addresses, s.left)
	}
	return nil
}

// viewsOf makes a view of each instance that is eligible or holds a record: those
// that the fleet does not know first, and then who has waited for longest.
func viewsOf(instances map[string]Instance, held []*store.Record, addresses map[string]*eippool.Address) []view {
	ids := make(map[string]bool, len(instances))
	for id := range instances {
		ids[id] = true
	}
	for _, r := range held {
		ids[r.InstanceID] = true
	}
	views := make([]view, 0, len(ids))
	for id := range ids {
		v := view{id: id}
		if i, ok := instances[id]; ok {
			v.instance = &i
		}
		views = append(views, v)
	}
	slices.SortFunc(views, byLaunch)
	fillIn(views, held, addresses)
	return views
}

// byLaunch orders views by when their instances were launched, the oldest first,
// and then by ID.
func byLaunch(x, y view) int {
	return cmp.Or(x.launchedAt().Compare(y.launchedAt()), strings.Compare(x.id, y.id))
}

func (v view) launchedAt() time.Time {
	if v.instance == nil {
		return time.Time{}
	}
	return v.instance.LaunchedAt
}
