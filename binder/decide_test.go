package binder

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

var (
	epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now   = epoch.Add(time.Hour)
)

// edit changes a view that a row of the table starts from.
type edit func(*view)

func instance(s State) edit { return func(v *view) { v.instance.State = s } }
func noInstance(v *view)    { v.instance = nil }
func ineligible(v *view)    { v.instance.Eligible = false }
func noAddress(v *view)     { v.address = nil }
func detached(v *view)      { v.address.AssociationID, v.address.NetworkInterfaceID = "", "" }
func elsewhere(v *view)     { v.address.NetworkInterfaceID = "eni-other" }
func leasedByUs(v *view)    { v.record.Owner, v.record.LeaseUntil = "us", now.Add(time.Minute) }
func leasedByOther(v *view) { v.record.Owner, v.record.LeaseUntil = "other", now.Add(10*time.Second) }
func unsaved(v *view)       { v.unsaved = true }
func published(v *view)     { v.record.Propagation = "change-1" }
func inSync(v *view)        { v.record.InSync = true }
func removed(v *view)       { v.record.Unpublished = true }
func draining(v *view)      { v.record.Draining, v.record.Reason = true, reasonStopped }
func drained(v *view)       { v.record.Draining, v.record.Reason = true, reasonDrain }
func drainedByA(v *view)    { v.record.Draining, v.record.Reason = true, DrainedBy("a") }
func startHidden(v *view)   { v.record.Draining, v.record.Reason = true, ReasonStartHidden }
func unassociated(v *view)  { detached(v); v.record.AssociationID = "" }

func seen(odd string, ago time.Duration) edit {
	return func(v *view) { v.record.FirstSeen = map[string]time.Time{odd: now.Add(-ago)} }
}

func ordered(o verb) edit { return orderedBy(o, "") }

func orderedBy(o verb, by string) edit { return func(v *view) { v.order = order{o, by} } }

func attempted(ago time.Duration) edit {
	return func(v *view) { v.record.AttemptedAt = now.Add(-ago) }
}

// viewIn is a running, eligible instance whose record is in the phase, with
// its address associated.
func viewIn(p store.Phase) view {
	v := view{
		now: now, seen: now, id: "i-1", owner: "us",
		instance: &Instance{ID: "i-1", State: Running, Eligible: true, NetworkInterfaceID: "eni-1"},
	}
	if p == "" {
		return v
	}
	v.record = &store.Record{
		AllocationID: "eipalloc-1", BinderID: "b", Phase: p, InstanceID: "i-1", NetworkInterfaceID: "eni-1",
		AssociationID: "eipassoc-1", RRSets: []store.RRSet{{Name: "i-1.example.com.", Type: "A"}}, AttemptedAt: epoch,
	}
	v.address = &eippool.Address{AllocationID: "eipalloc-1", AssociationID: "eipassoc-1", NetworkInterfaceID: "eni-1"}
	return v
}

func TestDecide(t *testing.T) {
	r := rules{binderID: "b", lease: time.Minute, confirmAfter: 5 * time.Minute, lateCalls: 6 * time.Minute, stopGrace: 10 * time.Minute}
	cases := []struct {
		name   string
		phase  store.Phase
		edits  []edit
		step   step
		status Status
		retry  time.Duration
	}{
		{"running", "", nil, stepReserve, "", 0},
		{"pending", "", []edit{instance(Pending)}, stepEnd, NotReady, notReadyRetry},
		{"ineligible", "", []edit{ineligible}, stepEnd, Ineligible, 0},
		{"pending and ineligible", "", []edit{ineligible, instance(Pending)}, stepEnd, Ineligible, 0},
		{"stopped", "", []edit{instance(Stopped)}, stepEnd, Ineligible, 0},
		{"shutting down", "", []edit{instance(ShuttingDown)}, stepEnd, Gone, 0},
		{"terminated", "", []edit{instance(Terminated)}, stepEnd, Gone, 0},
		{"not known", "", []edit{noInstance}, stepEnd, Gone, 0},
		{"unbound by this run", "", []edit{noInstance, func(v *view) { v.unbound = true }}, stepEnd, Unbound, 0},
		{"no interface yet", "", []edit{func(v *view) { v.instance.NetworkInterfaceID = "" }}, stepEnd, NotReady, notReadyRetry},
		{"holds an address", "", []edit{func(v *view) { v.instance.ElasticIP = netip.MustParseAddr("192.0.2.1") }}, stepEnd, Failed, 0},
		{"nothing to unbind", "", []edit{ordered(orderUnbindForce)}, stepEnd, Gone, 0},
		{"gave up", "", []edit{func(v *view) { v.failure = errors.New("denied") }}, stepEnd, Failed, 0},

		{"of another deployment", store.Bound, []edit{func(v *view) { v.record.BinderID = "other" }}, stepEnd, Failed, 0},
		{"reserved, leased by another", store.Reserved, []edit{leasedByOther}, stepEnd, Busy, 10 * time.Second},
		{"releasing, leased by another", store.Releasing, []edit{leasedByOther}, stepEnd, Busy, 10 * time.Second},

		{"reserved, terminated", store.Reserved, []edit{instance(Terminated)}, stepRelease, "", 0},
		{"reserved, shutting down", store.Reserved, []edit{instance(ShuttingDown)}, stepRelease, "", 0},
		{"reserved, ineligible", store.Reserved, []edit{ineligible}, stepRelease, "", 0},
		{"reserved, gave up", store.Reserved, []edit{func(v *view) { v.failure = errors.New("denied") }}, stepRelease, "", 0},
		{"reserved, not known", store.Reserved, []edit{noInstance}, stepNote, "", 0},
		{"reserved, not known for long", store.Reserved, []edit{noInstance, seen(oddInstance, 5*time.Minute)}, stepRelease, "", 0},
		{"reserved, pending", store.Reserved, []edit{instance(Pending)}, stepEnd, NotReady, notReadyRetry},
		{"reserved, stopped", store.Reserved, []edit{instance(Stopped)}, stepNote, "", 0},
		{"reserved, stopped for long", store.Reserved, []edit{instance(Stopped), seen(oddStopped, 10*time.Minute)}, stepRelease, "", 0},
		{"reserved, held elsewhere", store.Reserved, []edit{elsewhere}, stepRelease, "", 0},
		{"reserved, no address", store.Reserved, []edit{noAddress}, stepNote, "", 0},
		{"reserved, no address for long", store.Reserved, []edit{noAddress, seen(oddAddress, 5*time.Minute)}, stepRelease, "", 0},
		{"reserved, not associated", store.Reserved, []edit{unassociated}, stepClaim, "", 0},
		{"reserved, not associated, leased", store.Reserved, []edit{unassociated, leasedByUs}, stepAssociate, "", 0},
		{"reserved, lease nearly over", store.Reserved, []edit{unassociated, func(v *view) {
			v.record.Owner, v.record.LeaseUntil = "us", now.Add(10*time.Second)
		}}, stepClaim, "", 0},
		{"reserved, association not visible yet", store.Reserved, []edit{detached, attempted(time.Minute), leasedByUs}, stepPublish, "", 0},
		{"reserved, association vanished", store.Reserved, []edit{detached, leasedByUs}, stepAssociate, "", 0},
		{"reserved, not published", store.Reserved, nil, stepClaim, "", 0},
		{"reserved, not published, leased", store.Reserved, []edit{leasedByUs}, stepPublish, "", 0},
		{"reserved, published, leased", store.Reserved, []edit{published, leasedByUs}, stepSave, "", 0},
		{"reserved, published, not stored", store.Reserved, []edit{published, unsaved}, stepSave, "", 0},
		{"reserved, published", store.Reserved, []edit{published}, stepAwait, "", 0},
		{"reserved, in sync", store.Reserved, []edit{published, inSync}, stepCommit, "", 0},
		{"reserved, seen again", store.Reserved, []edit{seen(oddInstance, time.Hour)}, stepNote, "", 0},
		{"reserved, unbind", store.Reserved, []edit{ordered(orderUnbind)}, stepEnd, Failed, 0},
		{"reserved, forced unbind", store.Reserved, []edit{ordered(orderUnbindForce)}, stepRelease, "", 0},

		{"bound", store.Bound, nil, stepEnd, AlreadyBound, 0},
		{"bound by this run", store.Bound, []edit{func(v *view) { v.bound = true }}, stepEnd, Bound, 0},
		{"bound, ineligible", store.Bound, []edit{ineligible}, stepEnd, AlreadyBound, 0},
		{"bound, terminated", store.Bound, []edit{instance(Terminated)}, stepRelease, "", 0},
		{"bound, not known", store.Bound, []edit{noInstance}, stepNote, "", 0},
		{"bound, not known again", store.Bound, []edit{noInstance, seen(oddInstance, time.Minute)}, stepEnd, NotReady, 4 * time.Minute},
		{"bound, not known for long", store.Bound, []edit{noInstance, seen(oddInstance, 5*time.Minute)}, stepRelease, "", 0},
		{"bound, unbind", store.Bound, []edit{ordered(orderUnbind)}, stepEnd, Failed, 0},
		{"bound, unbind, not known", store.Bound, []edit{ordered(orderUnbind), noInstance}, stepNote, "", 0},
		{"bound, unbind, ineligible", store.Bound, []edit{ordered(orderUnbind), ineligible}, stepRelease, "", 0},
		{"bound, forced unbind", store.Bound, []edit{ordered(orderUnbindForce)}, stepRelease, "", 0},
		{"bound, drain", store.Bound, []edit{ordered(orderDrain)}, stepHide, "", 0},
		{"bound, drain again", store.Bound, []edit{ordered(orderDrain), drained}, stepEnd, AlreadyBound, 0},
		{"bound, drain while stopped", store.Bound, []edit{ordered(orderDrain), draining}, stepHide, "", 0},
		{"bound, undrain", store.Bound, []edit{ordered(orderUndrain), drained}, stepShow, "", 0},
		{"bound, undrain of none", store.Bound, []edit{ordered(orderUndrain)}, stepEnd, AlreadyBound, 0},
		{"bound, drain, terminated", store.Bound, []edit{ordered(orderDrain), instance(Terminated)}, stepRelease, "", 0},
		{"reserved, drain", store.Reserved, []edit{ordered(orderDrain)}, stepHide, "", 0},
		{"nothing to drain", "", []edit{ordered(orderDrain)}, stepEnd, Gone, 0},
		{"bound, stopping", store.Bound, []edit{instance(Stopping)}, stepHide, "", 0},
		{"bound, stopped, hidden", store.Bound, []edit{instance(Stopped), draining, seen(oddStopped, time.Minute)}, stepEnd, NotReady, 9 * time.Minute},
		{"bound, stopped for long", store.Bound, []edit{instance(Stopped), draining, seen(oddStopped, 10*time.Minute)}, stepRelease, "", 0},
		{"bound, started again", store.Bound, []edit{draining}, stepShow, "", 0},
		{"bound, drained by an operator", store.Bound, []edit{drained}, stepEnd, AlreadyBound, 0},
		{"bound, held elsewhere", store.Bound, []edit{elsewhere}, stepEnd, Failed, 0},
		{"bound, no address", store.Bound, []edit{noAddress}, stepNote, "", 0},
		{"bound, no address for long", store.Bound, []edit{noAddress, seen(oddAddress, 5*time.Minute)}, stepRelease, "", 0},
		{"bound, detached", store.Bound, []edit{detached}, stepNote, "", 0},
		{"bound, detached for long", store.Bound, []edit{detached, seen(oddAssociation, 5*time.Minute)}, stepReopen, "", 0},
		{"bound, association not visible yet", store.Bound, []edit{detached, attempted(time.Minute)}, stepEnd, AlreadyBound, 0},
		{"bound, another association", store.Bound, []edit{unsaved}, stepSave, "", 0},

		{"releasing", store.Releasing, nil, stepClaim, "", 0},
		{"releasing, leased", store.Releasing, []edit{leasedByUs}, stepUnpublish, "", 0},
		{"releasing, removed", store.Releasing, []edit{leasedByUs, removed}, stepSave, "", 0},
		{"releasing, removal stored", store.Releasing, []edit{removed}, stepAwait, "", 0},
		{"releasing, removal in sync", store.Releasing, []edit{removed, inSync}, stepClaim, "", 0},
		{"releasing, removal in sync, leased", store.Releasing, []edit{removed, inSync, leasedByUs}, stepDisassociate, "", 0},
		{"releasing, detached", store.Releasing, []edit{removed, inSync, detached}, stepFree, "", 0},
		{"releasing, no address", store.Releasing, []edit{removed, inSync, noAddress}, stepFree, "", 0},
		{"releasing, held elsewhere", store.Releasing, []edit{removed, inSync, elsewhere}, stepFree, "", 0},
		{"releasing, late call", store.Releasing, []edit{removed, inSync, detached, attempted(time.Minute)}, stepEnd, NotReady, 5 * time.Minute},
		{"releasing, late call, terminated", store.Releasing, []edit{removed, inSync, detached, attempted(time.Minute), instance(Terminated)}, stepFree, "", 0},
		{"releasing, late call, shutting down", store.Releasing, []edit{removed, inSync, detached, attempted(time.Minute), instance(ShuttingDown)}, stepEnd, NotReady, 5 * time.Minute},
		{"releasing, name stays", store.Releasing, []edit{func(v *view) { v.record.KeepName = true }, detached}, stepFree, "", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := viewIn(c.phase)
			for _, e := range c.edits {
				e(&v)
			}
			d := r.decide(v)
			if d.step != c.step || d.status != c.status || d.retry != c.retry {
				t.Errorf("decided %s %s %s (%s, %v), want %s %s %s", d.step, d.status, d.retry, d.reason, d.err, c.step, c.status, c.retry)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	free := func(id, group, last string, freed, reusable time.Time) candidate {
		return candidate{
			address: &eippool.Address{AllocationID: id, NetworkBorderGroup: group},
			record:  &store.Record{LastInstanceID: last, FreedAt: freed, ReusableAt: reusable},
		}
	}
	worker := Instance{ID: "i-1", NetworkBorderGroup: "us-east-1"}
	cases := []struct {
		name       string
		candidates []candidate
		want       int
		retry      time.Duration
	}{
		{"none", nil, -1, exhaustedRetry},
		{"another border group", []candidate{free("a", "us-west-2", "", epoch, epoch)}, -1, exhaustedRetry},
		{"cooling", []candidate{free("a", "us-east-1", "", epoch, now.Add(7*time.Second))}, -1, 7 * time.Second},
		{"its own, though cooling", []candidate{
			free("a", "us-east-1", "", epoch, epoch), free("b", "us-east-1", "i-1", epoch, now.Add(time.Hour)),
		}, 1, 0},
		{"the only cool one", []candidate{
			free("a", "us-east-1", "", epoch, now.Add(time.Second)), free("b", "us-east-1", "", epoch, epoch),
		}, 1, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var p picker
			p.offer(c.candidates)
			got, retry := p.pick(worker, now)
			if (got == nil) != (c.want < 0) || got != nil && got.address != c.candidates[c.want].address || retry != c.retry {
				t.Errorf("chose %+v, retry %s; want %d, %s", got, retry, c.want, c.retry)
			}
		})
	}
}

func TestChoosePrefersTheLongestUnusedAndSpreads(t *testing.T) {
	var p picker
	p.offer(manyCandidates(100))
	chosen := map[int]int{}
	for n := range 200 {
		i, _ := p.choose(Instance{ID: "i-" + time.Duration(n).String()}, now)
		if freed := p.free[i].record.FreedAt; !freed.Before(epoch.Add(50 * time.Second)) {
			t.Fatalf("chose one that was freed at %s, of the half that was used last", freed)
		}
		chosen[i]++
	}
	if len(chosen) < 30 {
		t.Errorf("200 contenders wanted only %d different addresses", len(chosen))
	}
}

// manyCandidates are so many addresses, of which one was freed each second.
func manyCandidates(n int) []candidate {
	all := make([]candidate, n)
	for i := range all {
		all[i] = candidate{
			address: &eippool.Address{AllocationID: string(rune('A' + i))},
			record:  &store.Record{FreedAt: epoch.Add(time.Duration(i) * time.Second)},
		}
	}
	return all
}
