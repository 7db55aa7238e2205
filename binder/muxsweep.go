package binder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

// siblings is what a Mux has seen for a sweep of one of its profiles.
type siblings struct {
	began     time.Time
	instances []Instance      // the profile's own, of those that the fleet lists
	records   []store.Record  // of the profiles on other stores
	sharing   map[string]bool // BinderIDs of the other profiles on the same store
}

// Sweep sweeps all profiles at once, each like [Binder.Sweep], and joins their
// reports; each part says whose it is. The fleet is listed once. What a record
// of one profile explains is no finding of another's.
//
// A profile that cannot be swept, or whose sweep is stopped, does not stop the
// others; the error says which it is. The cap on what is taken back counts for
// each profile by itself. DryRun is set in the report if no profile changed
// anything.
func (m *Mux) Sweep(ctx context.Context, optFns ...func(*SweepOptions)) (Report, error) {
	var opts SweepOptions
	for _, fn := range optFns {
		fn(&opts)
	}
	began := time.Now()
	listed, err := collect("instances", m.fleet.List(ctx))
	if err != nil {
		return Report{}, fmt.Errorf("sweep: %w", err)
	}
	all, holders := m.allRecords(ctx)
	own := m.divide(ctx, listed, holders)
	reports, errs := make([]Report, len(m.profiles)), make([]error, len(m.profiles))
	var group sync.WaitGroup
	for n, p := range m.profiles {
		group.Go(func() {
			known := m.siblings(n, all)
			known.began, known.instances = began, own[n]
			var err error
			reports[n], err = p.binder.Sweep(p.named(ctx), func(o *SweepOptions) { *o = opts; o.siblings = known })
			reports[n].name(p.name)
			errs[n] = p.wrap(err)
		})
	}
	group.Wait()
	report := joinReports(reports)
	return report, errors.Join(append(errs, m.audit(ctx, &report, reports, opts))...)
}

// allRecords reads the records of every store, and whose the instances are. A
// store that cannot be read stops the sweeps of its own profiles, which read it
// again.
func (m *Mux) allRecords(ctx context.Context) (all [][]store.Record, holders map[string]int) {
	var mu sync.Mutex
	all = make([][]store.Record, len(m.stores))
	holders, err := m.holders(ctx, func(s store.Store) ([]store.Record, error) {
		records, err := collect("records", s.List(ctx, store.Filter{}))
		mu.Lock()
		defer mu.Unlock()
		all[m.storeOf(s)] = records
		return records, err
	})
	if err != nil {
		m.logger.WarnContext(ctx, "what other profiles hold is not known", "error", err)
	}
	return all, holders
}

// divide gives every profile its instances.
func (m *Mux) divide(ctx context.Context, listed []Instance, holders map[string]int) [][]Instance {
	own := make([][]Instance, len(m.profiles))
	for _, i := range listed {
		first := m.selected(ctx, i)
		n, held := holders[i.ID]
		if !held {
			n = first
		}
		if n >= 0 {
			i.Eligible = i.Eligible && n == first
			own[n] = append(own[n], i)
		}
	}
	return own
}

// siblings returns what the profile's sweep is to know of the others.
func (m *Mux) siblings(n int, all [][]store.Record) *siblings {
	known := &siblings{sharing: map[string]bool{}}
	for other, p := range m.profiles {
		if other == n {
			continue
		}
		if p.store == m.profiles[n].store {
			known.sharing[p.binder.opts.BinderID] = true
			continue
		}
		for _, r := range all[p.store] {
			if r.BinderID == p.binder.opts.BinderID {
				known.records = append(known.records, r)
			}
		}
	}
	return known
}

// apart takes the records of other profiles out of those of the store that
// they share, and adds those of other stores: they explain what is there, and
// are not touched.
func (k *siblings) apart(records []store.Record) (own, others []store.Record) {
	if k == nil {
		return records, nil
	}
	others = slices.Clone(k.records)
	for _, r := range records {
		if k.sharing[r.BinderID] {
			others = append(others, r)
		} else {
			own = append(own, r)
		}
	}
	return own, others
}

// name says whose report it is.
func (r *Report) name(profile string) {
	for i := range r.Findings {
		r.Findings[i].Profile = profile
	}
	for i := range r.Actions {
		r.Actions[i].Profile = profile
	}
	for i := range r.Outcomes {
		r.Outcomes[i].Profile = profile
	}
}

// joinReports joins the reports of the profiles, in their order but for the
// findings, of which the worst come first.
func joinReports(reports []Report) Report {
	var all Report
	for _, r := range reports {
		all.DryRun = all.DryRun || r.DryRun
		all.Findings = append(all.Findings, r.Findings...)
		all.Actions = append(all.Actions, r.Actions...)
		if r.Outcomes != nil {
			all.Outcomes = append(all.Outcomes, r.Outcomes...)
			if all.Outcomes == nil {
				all.Outcomes = []Outcome{}
			}
		}
	}
	all.DryRun = all.DryRun && all.Outcomes == nil
	all.sortFindings()
	return all
}

// audit adds what each store says of its own derived data. It is repaired if
// any profile on the store was swept in earnest; the first such one's observer is
// told.
func (m *Mux) audit(ctx context.Context, report *Report, reports []Report, opts SweepOptions) error {
	swept := make([]*Binder, len(m.stores))
	for n, p := range m.profiles {
		if swept[p.store] == nil && reports[n].Outcomes != nil && !opts.DryRun {
			swept[p.store] = p.binder
		}
	}
	var errs []error
	for i, s := range m.stores {
		a, ok := s.(store.Auditor)
		if !ok {
			continue
		}
		found, err := a.Audit(ctx, swept[i] != nil)
		report.Store = append(report.Store, found...)
		if swept[i] != nil {
			swept[i].tellDrift(ctx, found)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("audit the store: %w", err))
		}
	}
	return errors.Join(errs...)
}
