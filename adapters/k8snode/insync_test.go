package k8snode_test

import (
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
)

// A node is usable only when its name is in sync, however long that takes after
// its address was associated: whether one call waits for that, or one that ends
// before leaves it to the next. By then its record is written.
func TestGateWaitsForSync(t *testing.T) {
	for name, dnsWait := range map[string]time.Duration{"one call": time.Minute, "several calls": time.Second} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			zone, err := memzone.New("example.com.", func(o *memzone.Options) { o.SyncDelay = 3 * time.Second })
			if err != nil {
				t.Fatal(err)
			}
			w.zone = zone
			w.binding = append(w.binding, func(o *binder.Options) { o.DNSWait = dnsWait })
			w.start()
			id := w.launch(binder.Running)
			node := w.register("a", id, registered).Name
			w.eventually("associated", func() bool { return w.holds(id) })
			waited := 0 // so many looks between association and sync
			w.eventually("usable", func() bool {
				n, seen := w.node(node), w.visible(id)
				closed, state := hasTaint(n, gate), n.Labels[k8snode.LabelState]
				_, inSync := zone.Resolve(dnspolicy.RRKey{Name: "ip-203-0-0-0.media.example.com.", Type: "A"}) // after these looks
				if !inSync {
					waited++
				}
				if !inSync && (!closed || state != "" || seen) {
					t.Fatalf("before its name is in sync: taint %t, state %q, seen by schedule servers %t", closed, state, seen)
				}
				if (!closed || state != "") && !seen {
					t.Fatalf("usable, and its record is not written: taint %t, state %q", closed, state)
				}
				return !closed && state == k8snode.StateBound
			})
			if waited == 0 {
				t.Error("the name was in sync at once: nothing was tested")
			}
		})
	}
}

// Where the names were published before, a node waits for none.
func TestPrewarmedNameIsNotWaitedFor(t *testing.T) {
	w := newWorld(t, 1)
	zone := w.holdZone()
	keep := func(o *binder.Options) { o.KeepNames = true }
	w.zone = zone.Zone
	if n, err := w.newBinder(w.records, keep).Prewarm(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d names were published, %v", n, err)
	}
	w.zone, w.binding = zone, append(w.binding, keep)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("usable", func() bool { return !hasTaint(w.node(node), gate) && w.state(node) == "bound" && w.visible(id) })
	if n := zone.waits.Load(); n != 0 {
		t.Errorf("waited for the zone %d times", n)
	}
}
