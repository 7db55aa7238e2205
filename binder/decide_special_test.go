package binder

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

func missing(v *view)   { v.missing = true }
func usurped(v *view)   { v.usurped = &dnspolicy.ConflictError{} }
func paused(v *view)    { v.paused = "paused: migration" }
func holding(v *view)   { v.instance.ElasticIP = netip.MustParseAddr("192.0.2.1") }
func owning(v *view)    { v.own = &candidate{address: &eippool.Address{}, record: &store.Record{}} }
func unclear(v *view)   { v.unclear = true }
func refuse(v *view)    { v.refused = "another's" }
func keptName(v *view)  { v.record.KeepName = true }
func reverseOf(v *view) { v.record.ReverseName = "i-1.example.com." }
func reversed(v *view)  { v.reversed = true }
func twoSets(v *view) {
	v.record.RRSets = append(v.record.RRSets, store.RRSet{Name: "i-1.example.com.", Type: "TXT"})
}
func oneSet(v *view) { v.record.RRSets = v.record.RRSets[:1] }
func noSets(v *view) { v.record.RRSets = nil }

func lost(ago time.Duration) edit { return seen(oddLost, ago) }

// What a sweep sees, what an operator wants, and what was lost.
func TestDecideWhatIsSpecial(t *testing.T) {
	cases := []struct {
		name   string
		phase  store.Phase
		edits  []edit
		step   step
		status Status
		retry  time.Duration
	}{
		{"reserved, name missing", store.Reserved, []edit{synced, missing}, stepReopen, "", 0},
		{"reserved, name another's", store.Reserved, []edit{synced, usurped}, stepReopen, "", 0},
		{"reserved, name missing, not associated", store.Reserved, []edit{synced, missing, unassociated}, stepClaim, "", 0},
		{"bound, name missing", store.Bound, []edit{synced, missing}, stepReopen, "", 0},
		{"bound, name another's", store.Bound, []edit{synced, usurped}, stepEnd, Failed, 0},
		{"bound, name missing, held elsewhere", store.Bound, []edit{synced, missing, elsewhere}, stepEnd, Failed, 0},
		{"bound, name another's, terminated", store.Bound, []edit{synced, usurped, instance(Terminated)}, stepRelease, "", 0},
		{"bound, name missing, stopped", store.Bound, []edit{synced, missing, instance(Stopped)}, stepHide, "", 0},

		{"reserved, reverse name to set", store.Reserved, []edit{synced, reverseOf}, stepClaim, "", 0},
		{"reserved, reverse name to set, leased", store.Reserved, []edit{synced, reverseOf, leasedByUs}, stepReverse, "", 0},
		{"reserved, reverse name set", store.Reserved, []edit{synced, reverseOf, reversed}, stepCommit, "", 0},
		{"reserved, reverse name, not in sync", store.Reserved, []edit{published, reverseOf}, stepAwait, "", 0},
		{"releasing, reverse name set", store.Releasing, []edit{withdrawn, reverseOf}, stepClaim, "", 0},
		{"releasing, reverse name set, leased", store.Releasing, []edit{withdrawn, reverseOf, leasedByUs}, stepUnreverse, "", 0},
		{"releasing, reverse name before the names", store.Releasing, []edit{synced, reverseOf, leasedByUs}, stepUnreverse, "", 0},
		{"releasing, reverse name stays with a kept name", store.Releasing, []edit{keptName, reverseOf, unassociated}, stepFree, "", 0},
		{"releasing, reverse name of no address", store.Releasing, []edit{withdrawn, reverseOf, noAddress}, stepFree, "", 0},
		{"releasing, reverse name may be set late", store.Releasing, []edit{withdrawn, reverseOf, unassociated, lost(time.Minute)}, stepEnd, NotReady, 5 * time.Minute},

		{"releasing, a call was lost", store.Releasing, []edit{withdrawn, unassociated, lost(time.Minute)}, stepEnd, NotReady, 5 * time.Minute},
		{"releasing, a call was lost, terminated", store.Releasing, []edit{withdrawn, unassociated, lost(time.Minute), instance(Terminated)}, stepEnd, NotReady, 5 * time.Minute},
		{"releasing, a lost call is over", store.Releasing, []edit{withdrawn, unassociated, lost(6 * time.Minute)}, stepClaim, "", 0},
		{"releasing, a lost call is over, leased", store.Releasing, []edit{withdrawn, unassociated, lost(6 * time.Minute), leasedByUs}, stepUnpublish, "", 0},
		{"releasing, a lost call is over, no names", store.Releasing, []edit{noSets, unassociated, lost(6 * time.Minute)}, stepFree, "", 0},
		{"releasing, a lost call about a name that stays", store.Releasing, []edit{keptName, oneSet, unassociated, lost(6 * time.Minute)}, stepFree, "", 0},
		{"releasing, name stays, text goes", store.Releasing, []edit{keptName, twoSets, unassociated, leasedByUs}, stepUnpublish, "", 0},
		{"bound, a call was lost", store.Bound, []edit{synced, lost(time.Minute)}, stepEnd, AlreadyBound, 0},
		{"bound, a lost call is over", store.Bound, []edit{synced, lost(6 * time.Minute)}, stepNote, "", 0},
		{"reserved, a lost call is over", store.Reserved, []edit{synced, lost(6 * time.Minute)}, stepNote, "", 0},

		{"paused", "", []edit{paused}, stepEnd, NotReady, pausedRetry},
		{"paused, terminated", store.Bound, []edit{paused, instance(Terminated)}, stepEnd, NotReady, pausedRetry},
		{"paused, forced unbind", store.Bound, []edit{paused, ordered(orderUnbindForce)}, stepEnd, NotReady, pausedRetry},
		{"paused, drain", store.Bound, []edit{paused, ordered(orderDrain)}, stepEnd, NotReady, pausedRetry},
		{"paused, releasing", store.Releasing, []edit{paused, leasedByUs}, stepEnd, NotReady, pausedRetry},
		{"paused, leased by another", store.Releasing, []edit{paused, leasedByOther}, stepEnd, Busy, 10 * time.Second},
		{"paused, bound", store.Bound, []edit{paused}, stepEnd, AlreadyBound, 0},
		{"paused, ineligible", "", []edit{paused, ineligible}, stepEnd, Ineligible, 0},
		{"paused, held elsewhere", store.Bound, []edit{paused, elsewhere}, stepEnd, Failed, 0},

		{"reserved, hidden", store.Reserved, []edit{published, startHidden}, stepAwait, "", 0},
		{"reserved, hidden, in sync", store.Reserved, []edit{synced, startHidden}, stepCommit, "", 0},
		{"reserved, hidden, undrain", store.Reserved, []edit{published, startHidden, ordered(orderUndrain)}, stepShow, "", 0},
		{"reserved, hidden, drain", store.Reserved, []edit{published, startHidden, ordered(orderDrain)}, stepHide, "", 0},
		{"reserved, hidden, stopped", store.Reserved, []edit{startHidden, instance(Stopped)}, stepNote, "", 0},
		{"bound, hidden", store.Bound, []edit{synced, startHidden}, stepEnd, AlreadyBound, 0},
		{"bound, hidden, undrain", store.Bound, []edit{synced, startHidden, ordered(orderUndrain)}, stepShow, "", 0},
		{"bound, hidden, drain", store.Bound, []edit{synced, startHidden, ordered(orderDrain)}, stepHide, "", 0},
		{"bound, drained, drain", store.Bound, []edit{synced, drained, ordered(orderDrain)}, stepEnd, AlreadyBound, 0},
		{"bound, drained by a, drain", store.Bound, []edit{synced, drainedByA, ordered(orderDrain)}, stepHide, "", 0},
		{"bound, drained by a, drain by a", store.Bound, []edit{synced, drainedByA, orderedBy(orderDrain, "a")}, stepEnd, AlreadyBound, 0},
		{"bound, drained by a, drain by b", store.Bound, []edit{synced, drainedByA, orderedBy(orderDrain, "b")}, stepEnd, AlreadyBound, 0},
		{"bound, drained, drain by a", store.Bound, []edit{synced, drained, orderedBy(orderDrain, "a")}, stepEnd, AlreadyBound, 0},
		{"bound, hidden, drain by a", store.Bound, []edit{synced, startHidden, orderedBy(orderDrain, "a")}, stepHide, "", 0},
		{"bound, stopped, drain by a", store.Bound, []edit{synced, draining, orderedBy(orderDrain, "a")}, stepHide, "", 0},
		{"bound, drained by a, undrain", store.Bound, []edit{synced, drainedByA, ordered(orderUndrain)}, stepShow, "", 0},
		{"bound, drained by a, undrain by a", store.Bound, []edit{synced, drainedByA, orderedBy(orderUndrain, "a")}, stepShow, "", 0},
		{"bound, drained by a, undrain by b", store.Bound, []edit{synced, drainedByA, orderedBy(orderUndrain, "b")}, stepEnd, AlreadyBound, 0},
		{"bound, drained, undrain by a", store.Bound, []edit{synced, drained, orderedBy(orderUndrain, "a")}, stepEnd, AlreadyBound, 0},
		{"bound, hidden, undrain by a", store.Bound, []edit{synced, startHidden, orderedBy(orderUndrain, "a")}, stepShow, "", 0},
		{"bound, drained by a, stopped, undrain by a", store.Bound, []edit{synced, drainedByA, instance(Stopped), orderedBy(orderUndrain, "a")}, stepHide, "", 0},
		{"bound, hidden, stopped", store.Bound, []edit{synced, startHidden, instance(Stopped)}, stepNote, "", 0},
		{"bound, hidden, stopped, undrain", store.Bound, []edit{synced, startHidden, instance(Stopped), ordered(orderUndrain)}, stepHide, "", 0},
		{"bound, hidden, started again", store.Bound, []edit{synced, startHidden, seen(oddStopped, time.Minute)}, stepNote, "", 0},
		{"bound, hidden, name missing", store.Bound, []edit{synced, startHidden, missing}, stepReopen, "", 0},
		{"bound, hidden, terminated", store.Bound, []edit{synced, startHidden, instance(Terminated)}, stepRelease, "", 0},

		{"holds an address of ours", "", []edit{holding, owning}, stepReserve, "", 0},
		{"refused", "", []edit{refuse}, stepEnd, NotReady, refusedRetry},
		{"refused, holds an address", "", []edit{refuse, holding}, stepEnd, NotReady, refusedRetry},
		{"refused, terminated", "", []edit{refuse, instance(Terminated)}, stepEnd, Gone, 0},
		{"refused, reserved", store.Reserved, []edit{refuse, leasedByUs}, stepPublish, "", 0},
		{"refused, bound", store.Bound, []edit{refuse}, stepEnd, AlreadyBound, 0},
		{"holds an address, unclear", "", []edit{holding, unclear}, stepEnd, NotReady, notReadyRetry},
		{"holds an address, this run took it back", "", []edit{holding, func(v *view) { v.unbound = true }}, stepReserve, "", 0},
		{"holds an address, ineligible", "", []edit{holding, ineligible}, stepEnd, Ineligible, 0},
		{"holds an address of ours, pending", "", []edit{holding, owning, instance(Pending)}, stepEnd, NotReady, notReadyRetry},

		{"bind", "", []edit{ordered(orderBind)}, stepReserve, "", 0},
		{"bind, not known", "", []edit{ordered(orderBind), noInstance}, stepEnd, NotReady, notReadyRetry},
		{"bind, pending", "", []edit{ordered(orderBind), instance(Pending)}, stepEnd, NotReady, notReadyRetry},
		{"bind, ineligible", "", []edit{ordered(orderBind), ineligible}, stepEnd, Ineligible, 0},
		{"bind, stopped", "", []edit{ordered(orderBind), instance(Stopped)}, stepEnd, Ineligible, 0},
		{"bind, terminated", "", []edit{ordered(orderBind), instance(Terminated)}, stepEnd, Gone, 0},
		{"bind, bound", store.Bound, []edit{ordered(orderBind)}, stepEnd, AlreadyBound, 0},
		{"bind, bound, stopped", store.Bound, []edit{ordered(orderBind), instance(Stopped)}, stepEnd, Ineligible, 0},
		{"bind, bound, terminated", store.Bound, []edit{ordered(orderBind), instance(Terminated)}, stepEnd, Gone, 0},
		{"bind, bound, not known", store.Bound, []edit{ordered(orderBind), noInstance}, stepEnd, NotReady, notReadyRetry},
		{"bind, reserved", store.Reserved, []edit{ordered(orderBind), leasedByUs}, stepPublish, "", 0},
		{"bind, releasing", store.Releasing, []edit{ordered(orderBind), leasedByUs}, stepUnpublish, "", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := viewIn(c.phase)
			for _, e := range c.edits {
				e(&v)
			}
			d := testRules().decide(v)
			if d.step != c.step || d.status != c.status || d.retry != c.retry {
				t.Errorf("decided %s %s %s (%s, %v), want %s %s %s", d.step, d.status, d.retry, d.reason, d.err, c.step, c.status, c.retry)
			}
			if d.status == Failed && !errors.Is(d.err, ErrDrift) {
				t.Errorf("failed with %v", d.err)
			}
		})
	}
}
