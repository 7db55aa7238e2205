package lambdaevent_test

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// hanging is a pool whose Associate never ends by itself.
type hanging struct {
	*mempool.Pool
	hang bool
}

func (p *hanging) Associate(ctx context.Context, id string, t eippool.Target) (string, error) {
	if p.hang {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return p.Pool.Associate(ctx, id, t)
}

// A batch with more instances than the binder works on at once, in a call that
// ends before it is the last one's turn: its message comes back, too, though
// nothing else would follow upon its state.
func TestWhoHadNoTurnComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := &hanging{Pool: mempool.New()}
		for i := range 20 {
			pool.Add(eippool.Address{IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)})})
		}
		fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool.Pool })
		records := memstore.New()
		zone, err := memzone.New("example.com.")
		if err != nil {
			t.Fatal(err)
		}
		b, err := binder.New(binder.Backends{Fleet: fleet, Pool: pool, Policy: dnspolicy.PerAddress(dnspolicy.DashedIP()), Zone: zone, Store: records},
			func(o *binder.Options) { o.Suffix = "media.example.com" }) // Concurrency: its default, 16
		if err != nil {
			t.Fatal(err)
		}
		victim := number(99)
		fleet.Launch(binder.Instance{ID: victim, State: binder.Running})
		if o, err := b.Reconcile(t.Context(), victim); err != nil {
			t.Fatal(o, err)
		}
		fleet.SetState(victim, binder.Stopped)
		pool.hang = true
		var messages []sent
		for n := range 16 {
			fleet.Launch(binder.Instance{ID: number(n), State: binder.Running})
			messages = append(messages, sent{about(number(n), "running"), 1})
		}
		messages = append(messages, sent{about(victim, "stopped"), 1})
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		var queue visibility
		h := lambdaevent.New(b, func(o *lambdaevent.Options) { o.Visibility = &queue })
		back := failures(t, h, ctx, batchOf(t, messages...))
		if len(back) != len(messages) {
			t.Errorf("%d of %d messages come back: %v", len(back), len(messages), back)
		}
	})
}

// A notification of a pending instance that runs by the time it is read: the bind
// that it began comes back, for the event that it runs may be lost.
func TestABindThatWasBegunComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := mempool.New()
		pool.Add(eippool.Address{IP: netip.MustParseAddr("203.0.113.1")})
		fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
		records := memstore.New()
		zone, err := memzone.New("example.com.", func(o *memzone.Options) { o.SyncDelay = time.Minute })
		if err != nil {
			t.Fatal(err)
		}
		policy := dnspolicy.PolicyFunc(func(s dnspolicy.Subject) ([]string, error) { return []string{s.InstanceID}, nil })
		b, err := binder.New(binder.Backends{Fleet: fleet, Pool: pool, Policy: policy, Zone: zone, Store: records},
			func(o *binder.Options) { o.Suffix, o.DNSWait = "media.example.com", 2*time.Second })
		if err != nil {
			t.Fatal(err)
		}
		fleet.Launch(binder.Instance{ID: worker, State: binder.Running})
		ctx, cancel := context.WithTimeout(t.Context(), 120*time.Second)
		defer cancel()
		h := lambdaevent.New(b)
		back := failures(t, h, ctx, batchOf(t, sent{about(worker, "pending"), 1}))
		r, err := records.Get(t.Context(), store.ByInstance(worker))
		if err != nil || len(r) != 1 {
			t.Fatal(r, err)
		}
		if len(back) != 1 || r[0].Phase != store.Reserved {
			t.Errorf("come back: %v; phase %s; want a bind that waits for DNS to come back", back, r[0].Phase)
		}
	})
}

// Messages that wait for a pause to end do so for more than an hour before
// maxReceiveCount, 20 in the template, makes dead letters of them.
func TestAPauseMakesNoDeadLetters(t *testing.T) {
	var total time.Duration
	for received := range 20 {
		var q visibility
		paused := &stub{outcome: binder.Outcome{Status: binder.NotReady, RetryAfter: time.Minute, Reason: "paused"}}
		h := lambdaevent.New(paused, func(o *lambdaevent.Options) { o.Visibility = &q })
		failures(t, h, t.Context(), batchOf(t, sent{about(worker, "running"), received + 1}))
		total += q.set["r0"]
	}
	if total < time.Hour {
		t.Errorf("in the dead-letter queue after %s", total)
	}
}
