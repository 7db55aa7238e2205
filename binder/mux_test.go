package binder_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store/memstore"
)

func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func TestMuxRoutesABatchWithOneDescribe(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		m := w.mux()
		ids := append(w.launchEach(), "i-stranger", "i-unknown")
		w.launch("i-stranger", map[string]string{nodepool: "other"})
		w.fleet.described = 0
		w.reconcile(m, "[i-media media bound i-voice voice bound i-batch batch bound i-stranger media ineligible i-unknown media gone]", ids...)
		if w.fleet.described != 1 {
			t.Errorf("%d calls of Describe for one batch", w.fleet.described)
		}
		for _, name := range classes {
			r := w.record("i-" + name)
			if r == nil || r.BinderID != name || r.Name != "i-"+name+"."+name+".example.com." || !strings.HasPrefix(r.AllocationID, "eipalloc-"+name) {
				t.Errorf("record of i-%s: %+v", name, r)
			}
		}
		w.reconcile(m, "[i-batch batch already-bound i-media media already-bound]", "i-batch", "i-media", "i-batch")
	})
}

func TestMuxRoutingTable(t *testing.T) {
	for _, test := range []struct {
		what string
		tags map[string]string
		want string
	}{
		{"its own tag", map[string]string{nodepool: "voice"}, "voice bound"},
		{"others beside it", map[string]string{nodepool: "voice", "Name": "x"}, "voice bound"},
		{"another value", map[string]string{nodepool: "Voice"}, "media ineligible"},
		{"no tag", nil, "media ineligible"},
		{"two profiles' tags", map[string]string{nodepool: "voice", "stage": "prod"}, "voice bound"},
		{"only the third's", map[string]string{"stage": "prod"}, "batch bound"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newMuxWorld(t, true)
			m := w.mux(func(p []binder.Profile) { p[2].Instances = binder.Tags{"stage": "prod"} })
			w.launch("i-1", test.tags)
			w.reconcile(m, "[i-1 "+test.want+"]", "i-1")
			logged := strings.Contains(w.log.String(), "more than one profile selects an instance")
			if logged != (test.what == "two profiles' tags") {
				t.Errorf("%s: log %q", test.what, w.log.String())
			}
			if logged && !(strings.Contains(w.log.String(), "i-1") && strings.Contains(w.log.String(), "profile=voice others=[batch]")) {
				t.Errorf("the log does not say who wins: %q", w.log.String())
			}
		})
	}
}

func TestMuxBoundInstanceStaysWithItsProfile(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		m := w.mux()
		w.launch("i-1", map[string]string{nodepool: "voice"})
		w.reconcile(m, "[i-1 voice bound]", "i-1")
		w.fleet.SetTags("i-1", map[string]string{nodepool: "media"})

		w.reconcile(m, "[i-1 voice ineligible]", "i-1")
		if r, err := m.Sweep(t.Context()); err != nil || len(r.Findings)+len(r.Actions) != 0 {
			t.Errorf("sweep: %+v, %v", r, err)
		}
		if r := w.record("i-1"); r == nil || r.BinderID != "voice" {
			t.Errorf("record %+v", r)
		}
		if o, err := m.Drain(t.Context(), "i-1"); err != nil || o.Profile != "voice" || o.Status != binder.AlreadyBound || o.Reason != "draining" {
			t.Errorf("drain: %+v, %v", o, err)
		}
		if o, err := m.Undrain(t.Context(), "i-1"); err != nil || o.Status != binder.AlreadyBound || o.Reason != "" {
			t.Errorf("undrain: %+v, %v", o, err)
		}

		time.Sleep(later)
		if o, err := m.Unbind(t.Context(), "i-1"); err != nil || o.Profile != "voice" || o.Status != binder.Unbound {
			t.Errorf("unbind: %+v, %v", o, err)
		}
		if o, err := m.Bind(t.Context(), "i-1"); err != nil || o.Profile != "media" || o.Status != binder.Bound {
			t.Errorf("bind: %+v, %v", o, err)
		}
	})
}

func TestMuxUnbindsWhatIsGone(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		m := w.mux()
		w.reconcile(m, "[i-media media bound i-voice voice bound i-batch batch bound]", w.launchEach()...)
		time.Sleep(later)
		w.fleet.Forget("i-voice")
		w.fleet.SetTags("i-batch", nil) // as EC2 may show one that is terminated
		w.fleet.SetState("i-batch", binder.Terminated)
		w.reconcile(m, "[i-voice voice not-ready i-batch batch unbound]", "i-voice", "i-batch")
		time.Sleep(6 * time.Minute)
		w.reconcile(m, "[i-voice voice unbound]", "i-voice")
		w.reconcile(m, "[i-voice media gone]", "i-voice")
		if w.record("i-media") == nil {
			t.Error("i-media lost its binding")
		}
	})
}

func TestMuxServingWorkerNeedsForce(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		m := w.mux()
		w.reconcile(m, "[i-media media bound i-voice voice bound i-batch batch bound]", w.launchEach()...)
		if _, err := m.Unbind(t.Context(), "i-voice"); !errors.Is(err, binder.ErrServing) {
			t.Errorf("unbind: %v", err)
		}
		time.Sleep(later)
		o, err := m.Unbind(t.Context(), "i-voice", func(o *binder.UnbindOptions) { o.Force = true })
		if err != nil || o.Status != binder.Unbound {
			t.Errorf("unbind by force: %+v, %v", o, err)
		}
	})
}

func TestMuxFailuresStayWithTheirProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMuxWorld(t, false)
		m := w.mux()
		ids := w.launchEach()
		w.stores["voice"].err = errBroken
		w.pools["batch"].err = errBroken
		outcomes, err := m.Reconcile(t.Context(), append(ids, "i-unknown")...)
		if got := statuses(outcomes); got != "[i-media media bound i-voice voice failed i-batch batch failed i-unknown  failed]" || !errors.Is(err, errBroken) {
			t.Errorf("outcomes %s, %v", got, err)
		}
		if _, err := m.Drain(t.Context(), "i-batch"); !errors.Is(err, errBroken) {
			t.Errorf("an order for what may be another profile's: %v", err)
		}
		report, err := m.Sweep(t.Context())
		if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), `profile "voice": sweep`) || !strings.Contains(err.Error(), `profile "batch": sweep`) {
			t.Errorf("sweep: %v", err)
		}
		if got := statuses(report.Outcomes); got != "[i-media media already-bound]" {
			t.Errorf("swept %s", got)
		}

		w.stores["voice"].err, w.pools["batch"].err = nil, nil
		w.reconcile(m, "[i-media media already-bound i-voice voice bound i-batch batch bound i-unknown media gone]", append(ids, "i-unknown")...)
	})
}

func TestMuxWithoutItsFleet(t *testing.T) {
	w := newMuxWorld(t, true)
	m := w.mux()
	w.fleet.err = fmt.Errorf("%w: slow down", binder.ErrThrottled)
	outcomes, err := m.Reconcile(t.Context(), "i-1", "i-2")
	if len(outcomes) != 2 || outcomes[1].InstanceID != "i-2" || outcomes[1].Status != binder.Failed || !errors.Is(err, binder.ErrThrottled) {
		t.Errorf("outcomes %+v, %v", outcomes, err)
	}
	var failure *binder.Error
	if !errors.As(outcomes[0].Err, &failure) || failure.Terminal || failure.Step != "observe" {
		t.Errorf("error %v", outcomes[0].Err)
	}
	if _, err := m.Sweep(t.Context()); !errors.Is(err, binder.ErrThrottled) {
		t.Errorf("sweep: %v", err)
	}
}

func TestMuxPausesEveryStore(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		m := w.mux()
		ids := w.launchEach()
		if err := m.Pause(t.Context(), "migration"); err != nil {
			t.Fatal(err)
		}
		w.reconcile(m, "[i-media media not-ready i-voice voice not-ready i-batch batch not-ready]", ids...)
		report, err := m.Sweep(t.Context())
		if !errors.Is(err, binder.ErrPaused) || !report.DryRun || report.Outcomes != nil || len(report.Actions) != 3 {
			t.Errorf("sweep: %+v, %v", report, err)
		}
		if err := m.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.reconcile(m, "[i-media media bound i-voice voice bound i-batch batch bound]", ids...)
	})
}

func TestMuxIsSafeForConcurrentUse(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		ids := append(w.launchEach(), "i-both")
		w.launch("i-both", map[string]string{nodepool: "voice", "stage": "prod"})
		profiles := w.profiles()
		profiles[2].Instances = binder.Tags{"stage": "prod"}
		m, err := binder.NewMux(w.fleet.Fleet, profiles) // the counters are not for several goroutines
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { _, _ = m.Reconcile(context.WithoutCancel(t.Context()), ids...) })
			group.Go(func() { _, _ = m.Sweep(context.WithoutCancel(t.Context())) })
		}
		group.Wait()
		time.Sleep(later)
		report, err := m.Sweep(t.Context())
		if got := statuses(report.Outcomes); got != "[i-media media already-bound i-both voice already-bound i-voice voice already-bound]" || err != nil {
			t.Errorf("in the end %s, %v", got, err)
		}
	})
}

func ExampleNewMux() {
	pool := mempool.New(func(o *mempool.Options) { o.Tags = map[string]string{"class": "media"} })
	pool.Add(eippool.Address{IP: netip.MustParseAddr("203.0.113.7"), Tags: map[string]string{"class": "media"}})
	turn := mempool.New()
	turn.Add(eippool.Address{IP: netip.MustParseAddr("198.51.100.9")})
	zone, err := memzone.New("example.com.")
	if err != nil {
		fmt.Println(err)
		return
	}
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	fleet.Launch(binder.Instance{ID: "i-0abc", State: binder.Running, Tags: binder.Tags{"karpenter.sh/nodepool": "media"}})
	records := memstore.New()
	m, err := binder.NewMux(fleet, []binder.Profile{{
		Name:      "media",
		Instances: binder.Tags{"karpenter.sh/nodepool": "media"},
		Backends:  binder.Backends{Pool: pool, Policy: dnspolicy.PerAddress(dnspolicy.DashedIP()), Zone: zone, Store: records},
		Options:   []func(*binder.Options){func(o *binder.Options) { o.Suffix = "media.example.com" }},
	}, {
		Name:      "turn",
		Instances: binder.Tags{"karpenter.sh/nodepool": "turn"},
		Backends:  binder.Backends{Pool: turn, Policy: dnspolicy.InstanceID(), Zone: zone, Store: records},
		Options:   []func(*binder.Options){func(o *binder.Options) { o.Suffix = "turn.example.com" }},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	outcomes, err := m.Reconcile(context.Background(), "i-0abc")
	fmt.Println(outcomes[0].Profile, outcomes[0].Status, outcomes[0].Name, err)
	// Output: media bound ip-203-0-113-7.media.example.com. <nil>
}

func TestMuxPrewarms(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		if _, err := w.mux().Prewarm(t.Context()); !errors.Is(err, binder.ErrConfig) {
			t.Errorf("no profile keeps names: %v", err)
		}
		m := w.mux(func(p []binder.Profile) {
			for i := range p[:2] {
				p[i].Backends.Policy = dnspolicy.PerAddress(dnspolicy.DashedIP())
				p[i].Options = append(p[i].Options, func(o *binder.Options) { o.KeepNames = true })
			}
		})
		n, err := m.Prewarm(t.Context())
		if n != 6 || err != nil {
			t.Errorf("published %d, %v, want the names of two pools", n, err)
		}
		w.pools["voice"].err = errBroken
		if _, err := m.Prewarm(t.Context()); !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), `profile "voice": `) {
			t.Errorf("a broken pool: %v", err)
		}
	})
}
