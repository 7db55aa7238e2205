package zonetest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func waitDefects() []defect {
	return []defect{
		{"Wait does not wait", []string{"wait"}, func(b *broken) {
			b.wait = func(ctx context.Context, p dnspolicy.Propagation) error {
				if err := b.Zone.Wait(canceled(ctx), p); !errors.Is(err, context.Canceled) || ctx.Err() != nil || p == unknown {
					return b.Zone.Wait(ctx, p)
				}
				return nil
			}
		}},
		{"what has arrived is forgotten", []string{"wait-again"}, func(b *broken) {
			arrived := map[dnspolicy.Propagation]bool{}
			b.wait = func(ctx context.Context, p dnspolicy.Propagation) error {
				if arrived[p] {
					return dnspolicy.ErrNotFound
				}
				err := b.Zone.Wait(ctx, p)
				arrived[p] = err == nil
				return err
			}
		}},
		{"the empty Propagation is unknown", []string{"wait-for-nothing"}, func(b *broken) {
			b.wait = func(ctx context.Context, p dnspolicy.Propagation) error {
				if p == "" {
					return dnspolicy.ErrNotFound
				}
				return b.Zone.Wait(ctx, p)
			}
		}},
		{"an unknown Propagation has arrived", []string{"wait-unknown"}, func(b *broken) {
			b.wait = func(ctx context.Context, p dnspolicy.Propagation) error {
				if err := b.Zone.Wait(ctx, p); !errors.Is(err, dnspolicy.ErrNotFound) {
					return err
				}
				return nil
			}
		}},
		{"Wait goes on after cancellation", []string{"wait-cancelled"}, func(b *broken) {
			b.wait = func(ctx context.Context, p dnspolicy.Propagation) error {
				return b.Zone.Wait(context.WithoutCancel(ctx), p)
			}
		}},
	}
}

func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func listDefects() []defect {
	return []defect{
		{"List yields one value", []string{"list"}, func(b *broken) {
			b.onList(func(_ int, _, set dnspolicy.RRSet) (dnspolicy.RRSet, bool) {
				set.Values = set.Values[:1]
				return set, true
			})
		}},
		{"List yields one page", []string{"list-many", "list-many-of-one-name"}, func(b *broken) {
			b.onList(func(i int, _, set dnspolicy.RRSet) (dnspolicy.RRSet, bool) { return set, i < 300 })
		}},
		{"a page begins behind the first name that it should have", []string{"list-many"}, func(b *broken) {
			b.onList(func(i int, previous, set dnspolicy.RRSet) (dnspolicy.RRSet, bool) {
				return set, i%300 != 0 || i == 0 || set.Name == previous.Name
			})
		}},
		{"a page begins with another name than the last", []string{"list-many-of-one-name"}, func(b *broken) {
			skipping := false
			b.onList(func(i int, previous, set dnspolicy.RRSet) (dnspolicy.RRSet, bool) {
				skipping = set.Name == previous.Name && (skipping || i%100 == 0)
				return set, !skipping
			})
		}},
		{"List goes on where it was broken off", []string{"list-break"}, func(b *broken) {
			yielded := 0
			b.list = func(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
				return func(yield func(dnspolicy.RRSet, error) bool) {
					i := 0
					for set, err := range b.Zone.List(ctx) {
						if i++; err == nil && i <= yielded {
							continue
						}
						yielded++
						if !yield(set, err) {
							return
						}
					}
					yielded = 0
				}
			}
		}},
	}
}

func cancelDefects() []defect {
	return []defect{
		{"Lookup goes on after cancellation", []string{"cancelled"}, func(b *broken) {
			b.lookup = func(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
				return b.Zone.Lookup(context.WithoutCancel(ctx), key)
			}
		}},
		{"a cancelled Apply is throttled", []string{"cancelled"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				p, err := b.Zone.Apply(ctx, changes)
				if errors.Is(err, context.Canceled) {
					err = dnspolicy.ErrThrottled
				}
				return p, err
			}
		}},
		{"List ends early after cancellation", []string{"cancelled"}, func(b *broken) {
			b.list = func(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
				return func(yield func(dnspolicy.RRSet, error) bool) {
					for set, err := range b.Zone.List(ctx) {
						if err != nil || !yield(set, nil) {
							return
						}
					}
				}
			}
		}},
	}
}

// memory is what a careless zone keeps: values that are in a caller's hands.
type memory map[dnspolicy.RRKey]struct{ was, shared dnspolicy.RRSet }

// share returns the set with values that everybody gets.
func (m memory) share(set dnspolicy.RRSet) dnspolicy.RRSet {
	if kept, ok := m[set.RRKey]; ok && kept.was.Equal(set) {
		return kept.shared
	}
	m[set.RRKey] = struct{ was, shared dnspolicy.RRSet }{set.Clone(), set}
	return set
}

func memoryDefects() []defect {
	return []defect{
		{"Lookup returns its own memory", []string{"change-returned"}, func(b *broken) {
			m := memory{}
			b.onLookup(func(_ dnspolicy.RRKey, set dnspolicy.RRSet, err error) (dnspolicy.RRSet, error) {
				return m.share(set), err
			})
		}},
		{"List yields its own memory", []string{"change-returned"}, func(b *broken) {
			m := memory{}
			b.onList(func(_ int, _, set dnspolicy.RRSet) (dnspolicy.RRSet, bool) { return m.share(set), true })
			b.onLookup(func(_ dnspolicy.RRKey, set dnspolicy.RRSet, err error) (dnspolicy.RRSet, error) {
				return m.share(set).Clone(), err
			})
		}},
		{"a conflict shows its own memory", []string{"change-returned"}, func(b *broken) {
			m := memory{}
			b.onConflict(func(_ context.Context, conflict *dnspolicy.ConflictError) (dnspolicy.Propagation, error, bool) {
				if conflict.Actual != nil && isCreate(conflict.Change) && conflict.Actual.Equal(*conflict.Change.After) {
					*conflict.Actual = m.share(*conflict.Actual)
				}
				return "", conflict, true
			})
			b.onLookup(func(_ dnspolicy.RRKey, set dnspolicy.RRSet, err error) (dnspolicy.RRSet, error) {
				return m.share(set).Clone(), err
			})
		}},
		{"Apply keeps what it is given", []string{"change-given"}, func(b *broken) {
			kept := map[dnspolicy.RRKey]*dnspolicy.RRSet{}
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				p, err := b.Zone.Apply(ctx, changes)
				if err == nil && len(changes) == 1 {
					kept[changes[0].Key()] = changes[0].After
				}
				return p, err
			}
			b.onLookup(func(key dnspolicy.RRKey, set dnspolicy.RRSet, err error) (dnspolicy.RRSet, error) {
				if given := kept[key]; given != nil && err == nil {
					return given.Clone(), nil
				}
				return set, err
			})
		}},
		{"Apply sorts the caller's values", []string{"change-given"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				for _, c := range changes {
					if c.After != nil {
						slices.Sort(c.After.Values)
					}
				}
				return b.Zone.Apply(ctx, changes)
			}
		}},
	}
}

func checkDefects() []defect {
	return []defect{
		{"the zone's own name is no suffix", []string{"check"}, func(b *broken) {
			b.check = func(ctx context.Context, suffix string) error {
				if suffix == zoneName && ctx.Err() == nil {
					return dnspolicy.ErrInvalid
				}
				return b.Zone.Check(ctx, suffix)
			}
		}},
		{"a suffix is what ends in the zone's letters", []string{"check-suffix-outside"}, func(b *broken) {
			b.check = func(ctx context.Context, suffix string) error {
				if strings.HasSuffix(suffix, zoneName) && ctx.Err() == nil {
					return nil
				}
				return b.Zone.Check(ctx, suffix)
			}
		}},
		{"a missing zone is ErrInvalid", []string{"check-missing-zone"}, func(b *broken) { b.missing = dnspolicy.ErrInvalid }},
		{"Check goes on after cancellation", []string{"check-cancelled"}, func(b *broken) {
			b.check = func(ctx context.Context, suffix string) error {
				return b.Zone.Check(context.WithoutCancel(ctx), suffix)
			}
		}},
	}
}
