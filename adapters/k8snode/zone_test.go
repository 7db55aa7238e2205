package k8snode_test

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
)

// heldZone is a zone in which nothing comes to be in sync as long as it is held.
type heldZone struct {
	*memzone.Zone
	released chan struct{}
	waits    atomic.Int64
	let      func() // ends the hold
}

func (z *heldZone) Wait(ctx context.Context, p dnspolicy.Propagation) error {
	z.waits.Add(1)
	select {
	case <-z.released:
		return z.Zone.Wait(ctx, p)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// holdZone gives the world such a zone.
func (w *world) holdZone() *heldZone {
	w.Helper()
	names, err := memzone.New("example.com.")
	if err != nil {
		w.Fatal(err)
	}
	z := &heldZone{Zone: names, released: make(chan struct{})}
	z.let = sync.OnceFunc(func() { close(z.released) })
	w.zone = z
	return z
}

// holds reports whether the instance has its address, whatever else is missing.
func (w *world) holds(id string) bool {
	w.Helper()
	addresses, err := w.pool.List(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for _, a := range addresses {
		if a.InstanceID == id {
			return true
		}
	}
	return false
}
