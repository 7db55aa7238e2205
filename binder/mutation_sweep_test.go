package binder

import (
	"context"
	"time"
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
				s.orphans = append(s.orphans, orphan{set, *s.views[0].record})
			}
		}
	}
	return report, b.apply(ctx, s, &report)
}
