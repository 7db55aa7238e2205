package pooltest

import (
	"context"
	"errors"
	"sync"

	"github.com/eipbinder/eipbinder/eippool"
)

// memory is what a defective pool remembers during a batch.
type memory struct {
	mu       sync.Mutex
	looked   bool
	occupied map[string]error // by interface
	list     []eippool.Address
	lookup   map[string][]eippool.Address
}

// recall lets use have what the batch of the context remembers, if it has one.
func (b *broken) recall(ctx context.Context, use func(*memory)) bool {
	batch := eippool.BatchOf(ctx)
	if batch == nil {
		return false
	}
	m := batch.Keep(b, &memory{occupied: map[string]error{}, lookup: map[string][]eippool.Address{}}).(*memory)
	m.mu.Lock()
	defer m.mu.Unlock()
	use(m)
	return true
}

func batchDefects() []defect {
	return []defect{
		{"a batch misses what the process associates", []string{"batch-occupied"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				b.recall(ctx, func(m *memory) {
					if m.looked {
						b.unhold(b.holds(t.NetworkInterfaceID))
					}
					m.looked = true // and takes all to be vacant from now on
				})
				return b.Pool.Associate(ctx, id, t)
			}
		}},
		{"a batch remembers who is occupied", []string{"batch-vacated"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (association string, err error) {
				b.recall(ctx, func(m *memory) { err = m.occupied[t.NetworkInterfaceID] })
				if err != nil {
					return "", err
				}
				if association, err = b.Pool.Associate(ctx, id, t); errors.Is(err, eippool.ErrOccupied) {
					b.recall(ctx, func(m *memory) { m.occupied[t.NetworkInterfaceID] = err })
				}
				return association, err
			}
		}},
		{"a batch lists once", []string{"batch-read"}, func(b *broken) {
			b.list = func(ctx context.Context) (list []eippool.Address, err error) {
				if !b.recall(ctx, func(m *memory) {
					if m.list == nil {
						m.list, err = b.Pool.List(ctx)
					}
					list = m.list
				}) {
					return b.Pool.List(ctx)
				}
				return list, err
			}
		}},
		{"a batch looks an address up once", []string{"batch-read"}, func(b *broken) {
			b.lookup = func(ctx context.Context, ids ...string) (found []eippool.Address, err error) {
				if len(ids) != 1 || !b.recall(ctx, func(m *memory) {
					if m.lookup[ids[0]] == nil {
						m.lookup[ids[0]], err = b.Pool.Lookup(ctx, ids...)
					}
					found = m.lookup[ids[0]]
				}) {
					return b.Pool.Lookup(ctx, ids...)
				}
				return found, err
			}
		}},
	}
}
