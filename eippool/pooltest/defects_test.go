package pooltest

import (
	"context"
	"errors"
	"slices"

	"github.com/eipbinder/eipbinder/eippool"
)

// defect is something that implementations get wrong.
type defect struct {
	name  string
	fails []string // the cases that notice
	plant func(b *broken)
}

// errNoSentinel is an error of no kind that the contract knows.
var errNoSentinel = errors.New("no sentinel")

func defects() []defect {
	return slices.Concat(readDefects(), associateDefects(), raceDefects(), disassociateDefects(), batchDefects(), callDefects(), optionalDefects(), paceDefects())
}

func readDefects() []defect {
	return []defect{
		{"an empty list is an error", []string{"list-empty"}, func(b *broken) {
			b.onList(func(list []eippool.Address) ([]eippool.Address, error) {
				if len(list) == 0 {
					return nil, eippool.ErrNotFound
				}
				return list, nil
			})
		}},
		{"held addresses are not listed", []string{"list-free-and-held"}, func(b *broken) {
			b.onList(func(list []eippool.Address) ([]eippool.Address, error) {
				return slices.DeleteFunc(list, eippool.Address.Associated), nil
			})
		}},
		{"the account's other addresses are listed", []string{"list-only-the-pool"}, func(b *broken) {
			b.onList(func(list []eippool.Address) ([]eippool.Address, error) {
				more, err := b.Pool.Lookup(context.Background(), b.outside...)
				return append(list, more...), err
			})
		}},
		{"only one page is listed", []string{"list-many"}, func(b *broken) {
			b.onList(func(list []eippool.Address) ([]eippool.Address, error) { return list[:min(len(list), 100)], nil })
		}},
		{"no IDs select all", []string{"lookup-nothing"}, func(b *broken) {
			b.lookup = func(ctx context.Context, ids ...string) ([]eippool.Address, error) {
				if len(ids) == 0 {
					return b.Pool.List(ctx)
				}
				return b.Pool.Lookup(ctx, ids...)
			}
		}},
		{"an absent ID fails the lookup", []string{"lookup-absent"}, func(b *broken) {
			b.lookup = func(ctx context.Context, ids ...string) ([]eippool.Address, error) {
				if slices.Contains(ids, absentID) {
					return nil, eippool.ErrNotFound
				}
				return b.Pool.Lookup(ctx, ids...)
			}
		}},
		{"a repeated ID gives the address twice", []string{"lookup-each-once"}, func(b *broken) {
			b.onLookup(func(ids []string, list []eippool.Address) []eippool.Address {
				if len(ids) == 2 && ids[0] == ids[1] {
					list = append(list, list...)
				}
				return list
			})
		}},
		{"lookup sees the pool only", []string{"lookup-outside-the-pool"}, func(b *broken) {
			b.onLookup(func(_ []string, list []eippool.Address) []eippool.Address {
				return slices.DeleteFunc(list, func(a eippool.Address) bool { return slices.Contains(b.outside, a.AllocationID) })
			})
		}},
		{"only one page is looked up", []string{"lookup-many"}, func(b *broken) {
			b.onLookup(func(_ []string, list []eippool.Address) []eippool.Address { return list[:min(len(list), 200)] })
		}},
		{"the holder is not shown", []string{"lookup-held"}, func(b *broken) {
			b.onLookup(func(_ []string, list []eippool.Address) []eippool.Address {
				for i := range list {
					list[i].NetworkInterfaceID = ""
				}
				return list
			})
		}},
		{"the holder is shown wrong", []string{"lookup-held"}, func(b *broken) {
			b.onList(func(list []eippool.Address) ([]eippool.Address, error) {
				for i := range list {
					list[i].InstanceID = "i-another"
				}
				return list, nil
			})
		}},
	}
}

func (b *broken) onList(edit func([]eippool.Address) ([]eippool.Address, error)) {
	b.list = func(ctx context.Context) ([]eippool.Address, error) {
		list, err := b.Pool.List(ctx)
		if err != nil {
			return nil, err
		}
		return edit(list)
	}
}

func (b *broken) onLookup(edit func(ids []string, list []eippool.Address) []eippool.Address) {
	b.lookup = func(ctx context.Context, ids ...string) ([]eippool.Address, error) {
		list, err := b.Pool.Lookup(ctx, ids...)
		return edit(ids, list), err
	}
}
