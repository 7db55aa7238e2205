package zonetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func invalidDefects() []defect {
	return []defect{
		{"the last change of a key counts", []string{"invalid-same-key-twice"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				var last []dnspolicy.Change
				for i, c := range changes {
					if !slices.ContainsFunc(changes[i+1:], func(later dnspolicy.Change) bool { return later.Key() == c.Key() }) {
						last = append(last, c)
					}
				}
				return b.Zone.Apply(ctx, last)
			}
		}},
		{"empty changes are passed over", []string{"invalid-empty-change"}, func(b *broken) {
			b.onChange(func(c *dnspolicy.Change) bool { return c.Before != nil || c.After != nil })
		}},
		{"a replacement may move", []string{"invalid-different-keys"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				var split []dnspolicy.Change
				for _, c := range changes {
					if c.Before != nil && c.After != nil && c.Before.RRKey != c.After.RRKey {
						split = append(split, dnspolicy.Delete(*c.Before), dnspolicy.Create(*c.After))
					} else {
						split = append(split, c)
					}
				}
				return b.Zone.Apply(ctx, split)
			}
		}},
		{"a name in the zone is one that ends in its letters", []string{"invalid-outside-the-zone"}, func(b *broken) {
			b.onChange(func(c *dnspolicy.Change) bool {
				name := c.Key().Name
				return dnspolicy.Contains(zoneName, name) || !strings.HasSuffix(name, zoneName)
			})
		}},
		{"a name outside the zone is ErrNotFound", []string{"invalid-outside-the-zone"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				for _, c := range changes {
					if c.Key().Name == "m.example.invalid." {
						return "", dnspolicy.ErrNotFound
					}
				}
				return b.Zone.Apply(ctx, changes)
			}
		}},
		edited("upper case is mended", "invalid-name", func(after *dnspolicy.RRSet) { after.Name = strings.ToLower(after.Name) }),
		edited("TTLs are cut to whole seconds", "invalid-ttl", func(after *dnspolicy.RRSet) { after.TTL = after.TTL.Truncate(time.Second) }),
		edited("a missing value is filled in", "invalid-no-values", func(after *dnspolicy.RRSet) {
			if len(after.Values) == 0 {
				after.Values = []string{"192.0.2.1"}
			}
		}),
		edited("repeated values are dropped", "invalid-value", func(after *dnspolicy.RRSet) { after.Values = slices.Compact(after.Values) }),
		edited("wrong values are published", "invalid-value", func(after *dnspolicy.RRSet) {
			if after.Values != nil && after.Values[0] == "192.0.2.256" {
				after.Values[0] = "192.0.2.255" // stands for the wrong one, which the zone in memory does not take
			}
		}),
	}
}

// edited is the defect that what is malformed is mended.
func edited(name, fails string, edit func(after *dnspolicy.RRSet)) defect {
	return defect{name, []string{fails}, func(b *broken) {
		b.onChange(func(c *dnspolicy.Change) bool {
			if c.After != nil {
				edit(c.After)
			}
			return true
		})
	}}
}
