package fleettest

import (
	"context"
	"iter"
	"slices"

	"github.com/eipbinder/eipbinder/binder"
)

func listDefects() []defect {
	return []defect{
		{"nothing to list is an error", []string{"list-empty"}, func(b *broken) {
			b.onList(func(found []binder.Instance) ([]binder.Instance, error) {
				if len(found) == 0 {
					return nil, errDown
				}
				return found, nil
			})
		}},
		{"all instances are listed", []string{"list-eligible"}, func(b *broken) {
			b.onList(func([]binder.Instance) ([]binder.Instance, error) {
				return b.Fleet.Describe(context.Background(), b.launched...)
			})
		}},
		{"listed instances are not said to be eligible", []string{"list-eligible"}, func(b *broken) {
			b.onListed(func(i *binder.Instance) { i.Eligible = false })
		}},
		{"terminated instances are not listed", []string{"list-states"}, func(b *broken) {
			b.onList(func(found []binder.Instance) ([]binder.Instance, error) {
				return slices.DeleteFunc(found, func(i binder.Instance) bool { return i.State == binder.Terminated }), nil
			})
		}},
		{"only one page is listed", []string{"list-many"}, func(b *broken) {
			b.onList(func(found []binder.Instance) ([]binder.Instance, error) { return found[:min(len(found), 100)], nil })
		}},
		{"the last one of a page is on the next one, too", []string{"list-many"}, func(b *broken) {
			b.onList(func(found []binder.Instance) ([]binder.Instance, error) {
				if len(found) > 100 {
					found = slices.Insert(found, 100, found[99])
				}
				return found, nil
			})
		}},
	}
}

func breakOffDefects() []defect {
	return []defect{
		{"a sequence cannot be broken off", []string{"list-break-off"}, func(b *broken) {
			b.list = func(ctx context.Context) iter.Seq2[binder.Instance, error] {
				return func(yield func(binder.Instance, error) bool) {
					for i, err := range b.Fleet.List(ctx) {
						yield(i, err)
					}
				}
			}
		}},
		{"a sequence goes on where another was broken off", []string{"list-break-off"}, func(b *broken) {
			var next int
			b.list = func(ctx context.Context) iter.Seq2[binder.Instance, error] {
				return func(yield func(binder.Instance, error) bool) {
					n := 0
					for i, err := range b.Fleet.List(ctx) {
						if n++; n <= next {
							continue
						}
						if !yield(i, err) {
							next = n
							return
						}
					}
				}
			}
		}},
		{"a sequence is cut short without an error", []string{"list-cancelled"}, func(b *broken) {
			b.list = func(ctx context.Context) iter.Seq2[binder.Instance, error] {
				return func(yield func(binder.Instance, error) bool) {
					if err := ctx.Err(); err != nil {
						yield(binder.Instance{}, err)
						return
					}
					for i, err := range b.Fleet.List(ctx) {
						if err != nil || !yield(i, nil) {
							return
						}
					}
				}
			}
		}},
		{"a sequence goes on after an error", []string{"list-cancelled"}, func(b *broken) {
			b.list = func(ctx context.Context) iter.Seq2[binder.Instance, error] {
				return func(yield func(binder.Instance, error) bool) {
					for i, err := range b.Fleet.List(ctx) {
						if !yield(i, err) {
							return
						}
						if err != nil && len(b.launched) > 1 {
							yield(i, err)
						}
					}
				}
			}
		}},
	}
}
