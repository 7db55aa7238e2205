package deployment

import (
	"context"
	"iter"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/ec2tag"
)

// workers is the fleet of all profiles. EC2's filters cannot say "these tags or
// those", so it lists the parts one by one.
type workers []part

// part is the workers of one profile.
type part struct {
	*ec2fleet.Fleet
	tags ec2tag.Selector
}

// Describe asks once, since a fleet describes any instance.
func (w workers) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	found, err := w[0].Fleet.Describe(ctx, ids...)
	for i := range found {
		found[i].Eligible = false
		for _, p := range w {
			found[i].Eligible = found[i].Eligible || p.tags.Matches(found[i].Tags)
		}
	}
	return found, err
}

// List yields an instance that several parts have once.
func (w workers) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	return func(yield func(binder.Instance, error) bool) {
		seen := map[string]bool{}
		for _, p := range w {
			for i, err := range p.Fleet.List(ctx) {
				if err != nil {
					yield(binder.Instance{}, err)
					return
				}
				if !seen[i.ID] && !yield(i, nil) {
					return
				}
				seen[i.ID] = true
			}
		}
	}
}
