package fleettest

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/binder"
)

func describeDefects() []defect {
	return []defect{
		{"no IDs select all", []string{"describe-nothing"}, func(b *broken) {
			b.onDescribe(func(ids []string, found []binder.Instance) []binder.Instance {
				if len(ids) == 0 {
					return b.eligible(func(binder.Instance) bool { return true })
				}
				return found
			})
		}},
		{"an absent ID fails the call", []string{"describe-absent"}, func(b *broken) {
			b.describe = func(ctx context.Context, ids ...string) ([]binder.Instance, error) {
				if slices.Contains(ids, absentID) {
					return nil, errDown
				}
				return b.Fleet.Describe(ctx, ids...)
			}
		}},
		{"what is not found is made up", []string{"describe-absent", "describe-malformed"}, func(b *broken) {
			b.onDescribe(func(ids []string, found []binder.Instance) []binder.Instance {
				if len(found) == 0 && len(ids) > 0 {
					return []binder.Instance{{ID: ids[0], State: binder.Terminated}}
				}
				return found
			})
		}},
		{"a malformed ID fails the call", []string{"describe-malformed"}, func(b *broken) {
			b.describe = func(ctx context.Context, ids ...string) ([]binder.Instance, error) {
				if slices.ContainsFunc(ids, func(id string) bool { return !strings.HasPrefix(id, "i-") }) {
					return nil, errDown
				}
				return b.Fleet.Describe(ctx, ids...)
			}
		}},
		{"IDs are patterns", []string{"describe-malformed"}, func(b *broken) {
			b.onDescribe(func(ids []string, found []binder.Instance) []binder.Instance {
				return append(found, b.eligible(func(i binder.Instance) bool {
					return slices.ContainsFunc(ids, func(id string) bool { ok, err := path.Match(id, i.ID); return ok && err == nil && id != i.ID })
				})...)
			})
		}},
		{"a repeated ID gives the instance again", []string{"describe-each-once"}, func(b *broken) {
			b.onDescribe(func(ids []string, found []binder.Instance) []binder.Instance {
				if len(ids) > 1 && ids[0] == ids[len(ids)-1] {
					found = append(found, found[0])
				}
				return found
			})
		}},
		{"only eligible instances are described", []string{"describe-ineligible"}, func(b *broken) {
			b.onDescribe(func(_ []string, found []binder.Instance) []binder.Instance {
				return slices.DeleteFunc(found, func(i binder.Instance) bool { return !i.Eligible })
			})
		}},
		{"all that is described is eligible", []string{"describe-ineligible"}, func(b *broken) {
			b.onInstance(func(i *binder.Instance) { i.Eligible = true })
		}},
		{"only one request is made", []string{"describe-many"}, func(b *broken) {
			b.onDescribe(func(_ []string, found []binder.Instance) []binder.Instance { return found[:min(len(found), 200)] })
		}},
		{"the last one of a request is in the next one, too", []string{"describe-many"}, func(b *broken) {
			b.onDescribe(func(_ []string, found []binder.Instance) []binder.Instance {
				if len(found) > 200 {
					found = slices.Insert(found, 200, found[199])
				}
				return found
			})
		}},
	}
}
