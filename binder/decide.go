package binder

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

// rules are the options that decisions depend on.
type rules struct {
	binderID                           string
	keepNames                          bool
	lease                              time.Duration
	confirmAfter, lateCalls, stopGrace time.Duration
}

// decide is the planner for one instance: the next step from what is. It is
// pure. The table reads: phase of the record, state of the instance, then the
// first line that applies. While the binder is paused, every step is a wait.
//
//	none       pending, running, refused   wait
//	           pending                     wait
//	           running, ineligible         end: ineligible
//	           running, holds an address   fail: not ours to displace, unless its own;
//	                                       wait while that is not clear
//	           running                     reserve
//	           stopped                     end: ineligible
//	           gone or not known           end: gone, or unbound if this run did it
//	any        leased by another           wait
//	           drain or undrain wanted     hide, show, unless somebody else hides it
//	Reserved   gone, unbind, ineligible    release
//	           not known                   note; release once confirmed
//	           pending                     wait
//	           stopped                     note; release after the grace
//	           address held elsewhere      release: the race was lost
//	           address not in the account  note; release once confirmed
//	           not associated              claim, associate
//	           name missing or another's   reopen
//	           not published               claim, publish
//	           not in sync                 save, await
//	           reverse name not set        claim, set it
//	           else                        commit
//	Bound      gone, unbind                release
//	           not known                   note; release once confirmed
//	           stopped                     hide, note; release after the grace
//	           address held elsewhere      fail: an operator's hand
//	           address not in the account  note; release once confirmed
//	           association not there       note; reopen once confirmed
//	           name is somebody else's     fail: an operator's hand
//	           name is missing             reopen
//	           association is another      save
//	           hidden by a stop that ended show
//	           else                        end: already bound
//	Releasing  reverse name still set      claim, clear it, once no late call may set it
//	           names still published       claim, unpublish
//	           removal not in sync         save, await
//	           address still on interface  claim, disassociate
//	           a call may still land       wait
//	           a DNS call was lost         claim, unpublish again, unless the race was lost
//	           else                        free
func (r rules) decide(v view) decision {
	d := r.decideUnpaused(v)
	if v.paused != "" && d.step != stepEnd {
		return wait(NotReady, pausedRetry, v.paused)
	}
	return d
}

func (r rules) decideUnpaused(v view) decision {
	if v.order.verb == orderBind && !alive(v.instance) {
		return decideUnbindable(v)
	}
	if v.record == nil {
		return decideUnrecorded(v)
	}
	if v.record.BinderID != r.binderID {
		return fail(errForeign(v.record))
	}
	if v.record.Owner != v.owner && v.record.Leased(v.now) {
		return wait(Busy, v.record.LeaseUntil.Sub(v.now), "leased by "+v.record.Owner)
	}
	if v.record.Phase == store.Releasing {
		return r.decideReleasing(v)
	}
	return r.decideHeld(v)
}

// decideHeld decides for a Reserved or Bound record of ours that is not leased.
func (r rules) decideHeld(v view) decision {
	if len(r.ended(v)) > 0 {
		return decision{step: stepNote}
	}
	if d, leaves := r.decideLeaving(v); leaves {
		return d
	}
	if d, ordered := decideDrain(v); ordered {
		return d
	}
	if stopped(v.instance) {
		return r.decideStopped(v)
	}
	if v.record.Phase == store.Reserved {
		return r.decideReserved(v)
	}
	return r.decideBound(v)
}

func decideUnrecorded(v view) decision {
	switch {
	case v.failure != nil:
		return fail(v.failure)
	case v.unbound && (v.order.ofBound() || !alive(v.instance)):
		return end(Unbound, v.afterwards())
	case v.order.ofBound():
		return end(Gone, "nothing is bound to it")
	case v.instance == nil:
		return end(Gone, "not known to the fleet")
	case dead(v.instance):
		return end(Gone, "instance is "+string(v.instance.State))
	case !v.instance.Eligible:
		return end(Ineligible, "not selected by the fleet's tags")
	}
	return decideUnbound(v)
}

// alive reports whether the instance may be bound, now or later.
func alive(i *Instance) bool { return i != nil && (i.State == Running || i.State == Pending) }

func stopped(i *Instance) bool { return i != nil && (i.State == Stopping || i.State == Stopped) }

func dead(i *Instance) bool { return i != nil && (i.State == ShuttingDown || i.State == Terminated) }

// decideUnbindable answers an order to bind an instance that is not alive: what
// it may still have is not touched.
func decideUnbindable(v view) decision {
	switch {
	case v.instance == nil:
		return wait(NotReady, notReadyRetry, "not known to the fleet")
	case dead(v.instance):
		return end(Gone, "instance is "+string(v.instance.State))
	}
	return end(Ineligible, reasonStopped)
}

// afterwards says what to know of a binding that this run took back.
func (v view) afterwards() string {
	switch {
	case serving(v.instance):
		return "the next reconcile binds a running, eligible worker again, unless it is made ineligible or the deployment is paused"
	case v.instance == nil:
		return "not known to the fleet"
	}
	return "instance is " + string(v.instance.State)
}

// decideUnbound decides for an eligible instance that exists.
func decideUnbound(v view) decision {
	switch {
	case stopped(v.instance):
		return end(Ineligible, reasonStopped)
	case v.refused != "":
		return wait(NotReady, refusedRetry, v.refused)
	case v.instance.State == Pending:
		return wait(NotReady, notReadyRetry, "instance is pending")
	case v.instance.NetworkInterfaceID == "":
		return wait(NotReady, notReadyRetry, "instance shows no primary interface yet")
	case v.instance.ElasticIP.IsValid() && !v.unbound && v.own == nil:
		return v.occupied()
	}
	return decision{step: stepReserve}
}

// decideLeaving decides whether a Reserved or Bound record is to be released,
// or is on the way there.
func (r rules) decideLeaving(v view) (decision, bool) {
	release := func(reason string, forced bool) decision {
		return decision{step: stepRelease, reason: reason, forced: forced}
	}
	switch {
	case v.failure != nil:
		return release(v.failure.Error(), true), true
	case v.order.verb == orderUnbind && serving(v.instance):
		return fail(errServing), true
	case v.order.verb == orderUnbindForce || v.order.verb == orderUnbind && v.instance != nil:
		return release("unbind was requested", v.order.verb == orderUnbindForce), true
	case v.instance == nil:
		return r.confirm(v, oddInstance, r.confirmAfter, func() decision {
			return release("instance does not exist", true)
		}), true
	case dead(v.instance):
		return release("instance is "+string(v.instance.State), true), true
	case unwanted(v):
		return release("instance is not eligible any more", true), true
	}
	return decision{}, false
}

// unwanted reports whether a reservation is not to become a binding. One that
// was a binding before is being repaired.
func unwanted(v view) bool {
	return v.record.Phase == store.Reserved && !v.instance.Eligible && v.record.BoundAt.IsZero()
}

// decideDrain carries an order to hide or to show out. What was hidden from the
// start is then hidden since the order; what another program hides, an operator
// hides from now on.
func decideDrain(v view) (decision, bool) {
	reason := drainReason(v.order.by)
	hidden := v.record.Draining && v.record.Reason != reasonStopped
	others := hidden && v.record.Reason != reason && v.record.Reason != ReasonStartHidden
	mine := hidden && v.record.Reason == reason
	operator := v.order.by == ""
	switch {
	case others && !operator:
		return decision{}, false
	case v.order.verb == orderDrain && !mine:
		return decision{step: stepHide, reason: reason}, true
	case v.order.verb == orderUndrain && hidden:
		return show(v), true
	}
	return decision{}, false
}

// show ends the hiding; one that is stopped is hidden for that.
func show(v view) decision {
	if stopped(v.instance) {
		return decision{step: stepHide, reason: reasonStopped}
	}
	return decision{step: stepShow, reason: "undrain was requested"}
}

// drainReason is the Reason of a record that was drained by a program, or by an
// operator.
func drainReason(by string) string {
	if by == "" {
		return reasonDrain
	}
	return DrainedBy(by)
}

func (r rules) decideStopped(v view) decision {
	if v.record.Visible() {
		return decision{step: stepHide, reason: reasonStopped, odd: oddStopped}
	}
	return r.confirm(v, oddStopped, r.stopGrace, func() decision {
		return decision{step: stepRelease, reason: reasonStopped, forced: true}
	})
}

// confirm notes something odd, waits until it was seen for long enough, and
// then decides.
func (r rules) confirm(v view, odd string, after time.Duration, then func() decision) decision {
	since, seen := v.record.FirstSeen[odd]
	switch {
	case !seen:
		return decision{step: stepNote, odd: odd}
	case v.seen.Sub(since) < after: // not now: a look that was long ago confirms nothing
		return wait(NotReady, max(after-v.now.Sub(since), time.Second), odd)
	}
	return then()
}

func (r rules) decideReserved(v view) decision {
	if v.instance.State == Pending {
		return wait(NotReady, notReadyRetry, "instance is pending")
	}
	if v.address == nil {
		return r.confirm(v, oddAddress, r.confirmAfter, func() decision {
			return decision{step: stepRelease, reason: "address does not exist", forced: true}
		})
	}
	switch {
	case v.heldElsewhere():
		return decision{step: stepRelease, reason: "address is held by " + v.address.NetworkInterfaceID, forced: true}
	case !r.associated(v):
		return r.underLease(v, stepAssociate)
	}
	return r.decideAssociated(v)
}

// decideAssociated decides for a Reserved record whose interface holds the
// address: names come next.
func (r rules) decideAssociated(v view) decision {
	rec := v.record
	switch {
	case v.missing || v.usurped != nil:
		return decision{step: stepReopen, reason: "its name is not what was published"}
	case !isPublished(rec):
		return r.underLease(v, stepPublish)
	case rec.InSync && rec.ReverseName != "" && !v.reversed:
		return r.underLease(v, stepReverse)
	case rec.InSync:
		return decision{step: stepCommit}
	case v.unsaved || rec.Owner == v.owner:
		return decision{step: stepSave}
	}
	return decision{step: stepAwait}
}

// isPublished reports whether the names were handed to DNS.
func isPublished(rec *store.Record) bool { return rec.Propagation != "" || rec.InSync }

// associated reports whether the interface holds the address. An association
// that was just made may not be visible yet; one that was never confirmed, or
// has had time enough to show, must be seen.
func (r rules) associated(v view) bool {
	if v.address.Associated() {
		return true
	}
	return v.record.AssociationID != "" && v.now.Sub(v.record.AttemptedAt) < r.confirmAfter
}

func (r rules) decideBound(v view) decision {
	rec := v.record
	switch {
	case v.address == nil:
		return r.confirm(v, oddAddress, r.confirmAfter, func() decision {
			return decision{step: stepRelease, reason: "address does not exist", forced: true}
		})
	case v.heldElsewhere():
		return fail(errMoved(rec, v.address))
	case !r.associated(v):
		return r.confirm(v, oddAssociation, r.confirmAfter, func() decision {
			return decision{step: stepReopen, reason: "address is not associated any more"}
		})
	case v.usurped != nil:
		return fail(fmt.Errorf("%w: %w", ErrDrift, v.usurped))
	case v.missing:
		return decision{step: stepReopen, reason: "its name is missing in DNS"}
	case v.unsaved: // the association has another ID than was known
		return decision{step: stepSave}
	case rec.Draining && rec.Reason == reasonStopped:
		return decision{step: stepShow, reason: "instance is running again"}
	}
	return decideDone(v)
}

// decideDone says that an instance is bound, and all agrees.
func decideDone(v view) decision {
	status, reason := AlreadyBound, ""
	if v.bound {
		status = Bound
	}
	switch {
	case !v.record.Draining:
	case v.record.Reason == ReasonStartHidden || strings.HasPrefix(v.record.Reason, DrainedBy("")):
		reason = v.record.Reason
	default:
		reason = ReasonDraining
	}
	return end(status, reason)
}

// serving reports whether the instance may be in use.
func serving(i *Instance) bool {
	return i != nil && i.Eligible && (i.State == Running || i.State == Pending)
}

// underLease is the step, or what must come before it: the lease. A lease
// with less than a quarter left is renewed first.
func (r rules) underLease(v view, s step) decision {
	if v.record.Owner == v.owner && v.now.Before(v.record.LeaseUntil.Add(-r.lease/4)) {
		return decision{step: s}
	}
	return decision{step: stepClaim, next: s}
}

// ended returns the odd things of the record that are not so any more.
func (r rules) ended(v view) []string {
	present := map[string]bool{
		oddLost:        r.mayLand(v),
		oddInstance:    v.instance == nil,
		oddAddress:     v.address == nil,
		oddAssociation: v.address != nil && !r.associated(v),
		oddStopped:     v.instance == nil || v.instance.State != Running && v.instance.State != Pending,
	}
	var ended []string
	for odd := range v.record.FirstSeen {
		if !present[odd] {
			ended = append(ended, odd)
		}
	}
	slices.Sort(ended)
	return ended
}
