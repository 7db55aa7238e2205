package zonetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// defect is something that implementations get wrong.
type defect struct {
	name  string
	fails []string // the cases that notice
	plant func(b *broken)
}

func defects() []defect {
	return slices.Concat(lookupDefects(), changeDefects(), conflictDefects(), neighbourDefects(), batchDefects(), invalidDefects(), raceDefects(),
		waitDefects(), listDefects(), cancelDefects(), memoryDefects(), checkDefects())
}

func lookupDefects() []defect {
	return []defect{
		{"a name outside the zone is not ErrNotFound", []string{"lookup-absent"}, func(b *broken) {
			b.onLookup(func(key dnspolicy.RRKey, set dnspolicy.RRSet, err error) (dnspolicy.RRSet, error) {
				if !dnspolicy.Contains(zoneName, key.Name) {
					return set, dnspolicy.ErrInvalid
				}
				return set, err
			})
		}},
		{"nothing is found in a zone that does not exist", []string{"lookup-missing-zone"}, func(b *broken) { b.nowhere = dnspolicy.ErrNotFound }},
		{"an A is found for any text", []string{"lookup-type"}, func(b *broken) {
			b.onLookup(func(key dnspolicy.RRKey, set dnspolicy.RRSet, err error) (dnspolicy.RRSet, error) {
				if key.Type == "TXT" {
					key.Type = "A"
				}
				if actual := b.current(key); errors.Is(err, dnspolicy.ErrNotFound) && actual != nil {
					return *actual, nil
				}
				return set, err
			})
		}},
		{"another set identifier is found", []string{"lookup-set-identifier"}, func(b *broken) {
			b.onLookup(func(key dnspolicy.RRKey, set dnspolicy.RRSet, err error) (dnspolicy.RRSet, error) {
				key.SetIdentifier = "green" // the next one behind amber
				if actual := b.current(key); errors.Is(err, dnspolicy.ErrNotFound) && actual != nil {
					return *actual, nil
				}
				return set, err
			})
		}},
		{"Lookup returns escapes", []string{"lookup-names-with-special-characters"}, func(b *broken) {
			b.onLookup(func(_ dnspolicy.RRKey, set dnspolicy.RRSet, err error) (dnspolicy.RRSet, error) {
				set.Name = strings.ReplaceAll(set.Name, "*", `\052`)
				return set, err
			})
		}},
		{"List yields escapes", []string{"lookup-names-with-special-characters"}, func(b *broken) {
			b.onList(func(_ int, _, set dnspolicy.RRSet) (dnspolicy.RRSet, bool) {
				set.Name = strings.ReplaceAll(set.Name, "*", `\052`)
				return set, true
			})
		}},
		{"Lookup returns two values at most", []string{"lookup-all-values"}, func(b *broken) {
			b.onLookup(func(_ dnspolicy.RRKey, set dnspolicy.RRSet, err error) (dnspolicy.RRSet, error) {
				set.Values = set.Values[:min(len(set.Values), 2)]
				return set, err
			})
		}},
	}
}

func changeDefects() []defect {
	return []defect{
		{"creation gives no Propagation, but Wait waits for all changes", []string{"create"}, func(b *broken) {
			var last dnspolicy.Propagation
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				p, err := b.Zone.Apply(ctx, changes)
				if err == nil {
					last = p
				}
				if len(changes) == 1 && changes[0].Before == nil {
					return "", err
				}
				return p, err
			}
			b.wait = func(ctx context.Context, p dnspolicy.Propagation) error {
				if p == "" {
					p = last
				}
				return b.Zone.Wait(ctx, p)
			}
		}},
		{"deletion goes by value", []string{"delete"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				p, err := b.Zone.Apply(ctx, changes)
				if err != nil || len(changes) != 1 || changes[0].After != nil {
					return p, err
				}
				for set := range b.Zone.List(ctx) {
					if slices.Equal(set.Values, changes[0].Before.Values) {
						b.Remove(set.RRKey)
					}
				}
				return p, nil
			}
		}},
		{"replacement keeps the TTL", []string{"replace"}, func(b *broken) {
			b.onChange(func(c *dnspolicy.Change) bool {
				if c.Before != nil && c.After != nil {
					c.After.TTL = c.Before.TTL
				}
				return true
			})
		}},
		{"publishing again gives the old Propagation", []string{"publish-again"}, func(b *broken) {
			last := map[dnspolicy.RRKey]dnspolicy.Propagation{}
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				p, err := b.Zone.Apply(ctx, changes)
				if err != nil || len(changes) != 1 {
					return p, err
				}
				c := changes[0]
				if old, ok := last[c.Key()]; ok && c.Before != nil && c.After != nil && c.Before.Equal(*c.After) {
					return old, nil
				}
				last[c.Key()] = p
				return p, nil
			}
		}},
		{"a TTL of nothing is the default one", []string{"ttl-bounds"}, func(b *broken) {
			b.onChange(func(c *dnspolicy.Change) bool {
				if c.After != nil && c.After.TTL == 0 {
					c.After.TTL = time.Minute
				}
				return true
			})
		}},
		{"values are compared in order", []string{"order-of-values"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				for _, c := range changes {
					actual := b.current(c.Key())
					if c.Before != nil && actual != nil && !slices.Equal(c.Before.Values, actual.Values) {
						return "", &dnspolicy.ConflictError{Change: c, Actual: actual}
					}
				}
				return b.Zone.Apply(ctx, changes)
			}
		}},
	}
}

func batchDefects() []defect {
	return []defect{
		{"creations push deletions of addresses out", []string{"apply-all"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				isCreate := func(c dnspolicy.Change) bool { return c.Before == nil && c.After != nil }
				isDelete := func(c dnspolicy.Change) bool {
					actual := b.current(c.Key())
					return c.After == nil && c.Before != nil && c.Key().Type == "A" && actual != nil && actual.Equal(*c.Before)
				}
				if slices.ContainsFunc(changes, isCreate) {
					changes = slices.DeleteFunc(slices.Clone(changes), isDelete)
				}
				return b.Zone.Apply(ctx, changes)
			}
		}},
		{"changes are made one by one", []string{"apply-none"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				p, err := b.Zone.Apply(ctx, changes)
				for i := 0; errors.Is(err, dnspolicy.ErrConflict) && i < len(changes); i++ {
					if _, single := b.Zone.Apply(ctx, changes[i:i+1]); single != nil {
						return "", single
					}
				}
				return p, err
			}
		}},
		{"no changes are an error", []string{"apply-nothing"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				if len(changes) == 0 {
					return "", dnspolicy.ErrInvalid
				}
				return b.Zone.Apply(ctx, changes)
			}
		}},
		{"too many changes are ErrInvalid", []string{"apply-too-many"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				p, err := b.Zone.Apply(ctx, changes)
				if errors.Is(err, dnspolicy.ErrTooLarge) {
					err = dnspolicy.ErrInvalid
				}
				return p, err
			}
		}},
		{"of too many changes the first are made", []string{"apply-too-many"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				p, err := b.Zone.Apply(ctx, changes)
				if errors.Is(err, dnspolicy.ErrTooLarge) {
					_, first := b.Zone.Apply(ctx, changes[:maxValues/2])
					return "", errors.Join(err, first)
				}
				return p, err
			}
		}},
	}
}

func raceDefects() []defect {
	return []defect{
		{"it looks whether the name is free, then writes", []string{"race-to-create"}, func(b *broken) {
			var turns turns
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				if len(changes) != 1 || changes[0].Before != nil || ctx.Err() != nil || changes[0].After == nil || b.current(changes[0].Key()) != nil {
					return b.Zone.Apply(ctx, changes)
				}
				turns.wait()
				return b.write(ctx, *changes[0].After)
			}
		}},
		{"it looks whether the set is as before, then writes", []string{"race-to-replace"}, func(b *broken) {
			var turns turns
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				if len(changes) != 1 || changes[0].Before == nil || changes[0].After == nil || changes[0].Before.RRKey != changes[0].After.RRKey {
					return b.Zone.Apply(ctx, changes)
				}
				if actual := b.current(changes[0].Key()); actual == nil || !actual.Equal(*changes[0].Before) {
					return b.Zone.Apply(ctx, changes)
				}
				turns.wait()
				return b.write(ctx, *changes[0].After)
			}
		}},
	}
}
