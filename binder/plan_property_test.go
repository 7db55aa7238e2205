package binder_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
)

var (
	planSeeds = flag.Int("binder.histories", 2000, "plan property: how many random histories to run")
	planFirst = flag.Uint64("binder.first-history", 1, "plan property: the seed of the first one")
)

// history is a small world with a past: workers, hand edits and processes that
// died at any call, by chance.
type history struct {
	*world
	t      *testing.T
	random *rand.Rand
	b      *binder.Binder
	ids    []string
	log    []string
}

func newHistory(t *testing.T, seed uint64) *history {
	w := newWorld(t, 4)
	zone, err := memzone.New("example.com.") // in sync at once: a sweep takes no time
	if err != nil {
		t.Fatal(err)
	}
	w.zone = zone
	h := &history{world: w, t: t, random: rand.New(rand.NewPCG(seed, 7))}
	switch seed % 3 {
	case 0:
		h.b = w.binder()
	case 1:
		h.b = w.binderWith(dnspolicy.PerAddress(dnspolicy.DashedIP()))
	case 2:
		h.b = w.binderWith(dnspolicy.PerAddress(dnspolicy.DashedIP()), func(o *binder.Options) { o.KeepNames = true })
	}
	return h
}

// happen does one thing, by chance.
func (h *history) happen() {
	all := []struct {
		name string
		do   func(id string, a eippool.Address)
	}{
		{"launch", func(string, eippool.Address) { h.launchOne() }},
		{"launch", func(string, eippool.Address) { h.launchOne() }},
		{"change state", func(id string, _ eippool.Address) { h.changeState(id) }},
		{"forget", func(id string, _ eippool.Address) { h.fleet.Forget(id) }},
		{"lose eligibility", func(id string, _ eippool.Address) { h.fleet.SetTags(id, nil) }},
		{"reconcile", h.reconcileAndMaybeDie},
		{"reconcile", h.reconcileAndMaybeDie},
		{"reconcile", h.reconcileAndMaybeDie},
		{"sweep", func(string, eippool.Address) { _, _ = h.b.Sweep(h.t.Context(), forced) }},
		{"drain", func(id string, _ eippool.Address) { _, _ = h.b.Drain(h.t.Context(), id) }},
		{"undrain", func(id string, _ eippool.Address) { _, _ = h.b.Undrain(h.t.Context(), id) }},
		{"unbind", func(id string, _ eippool.Address) {
			_, _ = h.b.Unbind(h.t.Context(), id, func(o *binder.UnbindOptions) { o.Force = true })
		}},
		{"acquire", func(_ string, a eippool.Address) { _ = h.store.Acquire(h.t.Context(), a.AllocationID) }},
		{"disassociate", func(_ string, a eippool.Address) { _ = h.pool.Disassociate(h.t.Context(), a.AssociationID) }},
		{"give away", func(_ string, a eippool.Address) {
			a.AssociationID, a.InstanceID, a.NetworkInterfaceID = "", "", "eni-stranger"
			h.pool.Add(a)
		}},
		{"release", func(_ string, a eippool.Address) { h.pool.Remove(a.AllocationID) }},
		{"delete a name", func(id string, a eippool.Address) { h.zone.Remove(h.nameOf(id, a).RRKey) }},
		{"change a name", func(id string, a eippool.Address) { _ = h.zone.Set(h.nameOf(id, a)) }},
		{"stray name", func(_ string, a eippool.Address) { _ = h.zone.Set(aRecord("stray."+suffix, a.IP.String())) }},
		{"pass time", func(string, eippool.Address) { time.Sleep(time.Duration(h.random.Int64N(int64(8 * time.Minute)))) }},
		{"pass time", func(string, eippool.Address) { time.Sleep(time.Duration(h.random.Int64N(int64(8 * time.Minute)))) }},
	}
	one := all[h.random.IntN(len(all))]
	id, a := h.any()
	h.log = append(h.log, fmt.Sprintf("%s: %s, %s, %s", time.Now().Format("15:04:05"), one.name, id, a.AllocationID))
	one.do(id, a)
}

func forced(o *binder.SweepOptions) { o.Force = true }

// any returns one of the workers and of the addresses by chance. There
// always is an address.
func (h *history) any() (id string, a eippool.Address) {
	if len(h.ids) > 0 {
		id = h.ids[h.random.IntN(len(h.ids))]
	}
	all := h.addresses()
	if len(all) == 0 {
		return id, h.pool.Add(eippool.Address{AllocationID: "eipalloc-new", IP: netip.MustParseAddr("203.0.113.99")})
	}
	return id, all[h.random.IntN(len(all))]
}

func (h *history) launchOne() {
	id := fmt.Sprintf("i-%d", len(h.ids))
	h.ids = append(h.ids, id)
	h.world.launch(id)
}

func (h *history) changeState(id string) {
	states := []binder.State{binder.Pending, binder.Running, binder.Running, binder.Stopped, binder.Terminated, binder.Terminated}
	if found, _ := h.fleet.Describe(h.t.Context(), id); len(found) == 1 && found[0].State != binder.Terminated {
		h.fleet.SetState(id, states[h.random.IntN(len(states))])
	}
}

// reconcileAndMaybeDie ends the process before or after one of its calls.
func (h *history) reconcileAndMaybeDie(id string, _ eippool.Address) {
	n, end, after := 0, h.random.IntN(40), h.random.IntN(2) == 0
	h.hook = func(_ string, do func() error) error {
		n++
		switch {
		case n > end || n == end && !after:
			return errCrash
		case n == end:
			_ = do() // its reply is lost
			return errCrash
		}
		return do()
	}
	_, _ = h.b.Reconcile(h.t.Context(), id)
	h.hook = nil
}

// nameOf is a record set of a stranger's, under the name that the instance or
// the address has or would have.
func (h *history) nameOf(id string, a eippool.Address) dnspolicy.RRSet {
	if r := h.record(id); r != nil {
		return aRecord(r.Name, "192.0.2.1")
	}
	return aRecord("ip-"+strings.ReplaceAll(a.IP.String(), ".", "-")+"."+suffix, "192.0.2.1")
}

// After a sweep a new plan holds only waits, and what is about a conflict that
// is reported with it. A plan is a function of what is: made twice, it is the
// same.
func TestAfterASweepThereIsNothingLeftToDo(t *testing.T) {
	actions, conflicts, waits := 0, 0, 0
	for n := range *planSeeds {
		seed := *planFirst + uint64(n)
		synctest.Test(t, func(t *testing.T) {
			h := newHistory(t, seed)
			for range 3 + h.random.IntN(20) {
				h.happen()
			}
			done, _ := h.b.Sweep(t.Context(), forced) // failures are findings: the plan tells
			plan, again := h.plan(), h.plan()
			if diff := cmp.Diff(plan, again, sameIP()); diff != "" {
				t.Errorf("history %d: two plans of the same: %s", seed, diff)
			}
			reported := map[string]bool{}
			for _, f := range append(plan.Findings, done.Findings...) {
				reported[f.InstanceID] = reported[f.InstanceID] || f.Kind == binder.FindingConflict
			}
			for _, a := range plan.Actions {
				switch {
				case a.Verb == "wait":
					waits++
				case reported[a.InstanceID] && a.InstanceID != "":
					conflicts++
				default:
					t.Errorf("history %d: after %+v\nthere still is to do: %+v\n%v", seed, done, a, h.log)
				}
			}
			actions += len(done.Actions)
		})
	}
	t.Logf("%d histories: %d actions, then %d waits and %d for reported conflicts", *planSeeds, actions, waits, conflicts)
	if actions < *planSeeds/2 || waits == 0 {
		t.Errorf("the histories leave too little to do: %d actions, %d waits", actions, waits)
	}
}

func sameIP() cmp.Option {
	return cmp.Comparer(func(x, y netip.Addr) bool { return x == y })
}

// plan is a dry run; it must change nothing.
func (h *history) plan() binder.Report {
	h.t.Helper()
	before := h.records()
	report, err := h.b.Sweep(context.Background(), func(o *binder.SweepOptions) { o.DryRun = true })
	if err != nil {
		h.t.Error(err)
	}
	if diff := cmp.Diff(before, h.records(), sameIP()); diff != "" {
		h.t.Errorf("a dry run changed records: %s", diff)
	}
	return report
}
