package binder

import (
	"context"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// SweepWhatIsUnexplained is Sweep without the guard that it removes only those
// names that a record of ours remembers.
func SweepWhatIsUnexplained(b *Binder) (Report, error) {
	ctx := context.Background()
	s, err := b.survey(ctx, nil)
	if err != nil {
		return Report{}, err
	}
	report := s.plan(b, time.Now())
	for _, f := range report.Findings {
		for _, set := range s.zone {
			if unexplained := f.Kind == FindingName || f.Kind == FindingDangling; unexplained && set.Name == f.Name {
				_, _ = b.zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Delete(set)})
			}
		}
	}
	return report, b.apply(ctx, s, &report)
}

// surveyed returns what a sweep sees, and its plan.
func surveyed(ctx context.Context, b *Binder) (*survey, Report, error) {
	s, err := b.survey(ctx, nil)
	if err != nil {
		return nil, Report{}, err
	}
	return s, s.plan(b, time.Now()), nil
}

// SweepWhatIsHeld is Sweep without the guard that it ends only those associations
// that a record of ours explains.
func SweepWhatIsHeld(b *Binder) (Report, error) {
	ctx := context.Background()
	s, report, err := surveyed(ctx, b)
	if err != nil {
		return report, err
	}
	for _, f := range report.Findings {
		if f.Kind == FindingAssociation {
			_ = b.pool.Disassociate(ctx, s.addresses[f.AllocationID].AssociationID)
		}
	}
	return report, b.apply(ctx, s, &report)
}

// SweepSilently is Sweep that does not tell of associations.
func SweepSilently(b *Binder) (Report, error) {
	report, err := b.Sweep(context.Background())
	report.Findings = slices.DeleteFunc(report.Findings, func(f Finding) bool { return f.Kind == FindingAssociation })
	return report, err
}

// SweepUnfenced is Sweep without the guard that it writes before it removes the
// name of an address that nobody holds, or one that is left over.
func SweepUnfenced(b *Binder) (Report, error) {
	ctx := context.Background()
	s, report, err := surveyed(ctx, b)
	if err != nil {
		return report, err
	}
	for _, v := range s.idle {
		v.now = time.Now()
		if d := b.rules().decideFree(v); d.step == stepRetire || d.step == stepReplace {
			_ = b.unname(ctx, v)
		}
	}
	for _, o := range s.orphans {
		_, _ = b.zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Delete(o.set)})
	}
	return report, b.apply(ctx, s, &report)
}
