package binder

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

// law is what holds in every cell: when it applies, the decision is allowed.
type law struct {
	name    string
	applies func(view) bool
	allowed func(view, decision) bool
}

func steps(forbidden ...step) func(view, decision) bool {
	return func(_ view, d decision) bool {
		return !slices.Contains(forbidden, d.step)
	}
}

func always(view) bool    { return true }
func healthy(v view) bool { return serving(v.instance) && v.instance.State == Running && holds(v) }
func holds(v view) bool {
	return v.record != nil && v.address != nil && v.address.NetworkInterfaceID == v.record.NetworkInterfaceID
}
func heldElsewhere(v view) bool {
	return v.record != nil && v.address != nil && v.address.Associated() && !holds(v)
}
func inPhase(v view, p store.Phase) bool {
	return v.record != nil && v.record.Phase == p
}
func named(v view) bool {
	return v.record != nil && len(v.record.RRSets) > 0 && !(v.record.Unpublished && v.record.InSync)
}

func laws() []law {
	return []law{
		{"a worker that serves, and holds its address, is not released", func(v view) bool { return healthy(v) && !inPhase(v, store.Releasing) }, steps(stepRelease)},
		{"an address that is held elsewhere is neither taken nor given", heldElsewhere, steps(stepAssociate, stepDisassociate)},
		{"an address that is not in the account is not asked for", func(v view) bool { return v.address == nil }, steps(stepAssociate, stepDisassociate, stepReverse, stepUnreverse)},
		{"no name, and no Bound, before the interface holds the address", func(v view) bool { return !holds(v) }, steps(stepPublish, stepReverse, stepCommit)},
		{"no Bound before DNS is in sync", func(v view) bool { return v.record != nil && !v.record.InSync }, steps(stepCommit)},
		{"no Bound with a name that is missing, or another's", func(v view) bool { return v.missing || v.usurped != nil }, steps(stepCommit)},
		{"nothing is taken from an interface before its name is gone", named, steps(stepDisassociate, stepFree)},
		{"nothing is Free that the interface holds", holds, steps(stepFree)},
		{"nothing is built for an instance that is not running", func(v view) bool { return v.instance == nil || v.instance.State != Running }, steps(stepReserve, stepAssociate, stepPublish, stepReverse, stepCommit)},
		{"an ineligible instance gets nothing new", func(v view) bool { return v.instance != nil && !v.instance.Eligible && !inPhase(v, store.Bound) }, steps(stepReserve, stepAssociate, stepPublish, stepReverse, stepCommit)},
		{"there is one binding for each instance", func(v view) bool { return v.record != nil }, steps(stepReserve)},
		{"without a record, there is nothing but to reserve", func(v view) bool { return v.record == nil }, func(_ view, d decision) bool { return d.step == stepEnd || d.step == stepReserve }},
		{"only what is Releasing is taken apart", func(v view) bool { return !inPhase(v, store.Releasing) }, steps(stepUnpublish, stepUnreverse, stepDisassociate, stepFree)},
		{"what is Releasing is only taken apart", func(v view) bool { return inPhase(v, store.Releasing) }, steps(stepReserve, stepAssociate, stepPublish, stepReverse, stepCommit, stepReopen, stepShow, stepHide, stepRelease)},
		{"calls that change the cloud are made under the lease", func(v view) bool { return v.record != nil && v.record.Owner != v.owner }, steps(stepAssociate, stepPublish, stepReverse, stepUnpublish, stepUnreverse, stepDisassociate)},
		{"an absence at first sight takes nothing back", func(v view) bool { return v.record != nil && v.instance == nil && len(v.record.FirstSeen) == 0 }, steps(stepRelease)},
		{"an operator's hand on a serving worker is reported", func(v view) bool {
			return inPhase(v, store.Bound) && serving(v.instance) && len(v.record.FirstSeen) == 0 && (heldElsewhere(v) || holds(v) && v.usurped != nil)
		}, func(_ view, d decision) bool { return d.status == Failed && errors.Is(d.err, ErrDrift) }},
		{"what is hidden, but by a stop, is shown by an order only", func(v view) bool {
			return v.record != nil && v.record.Draining && v.record.Reason != reasonStopped && v.order.verb != orderUndrain
		}, steps(stepShow)},
		{"a step has no status; an end has one", always, func(_ view, d decision) bool { return (d.step == stepEnd) == (d.status != "") }},
		{"a wait says how long; what failed says why", always, func(_ view, d decision) bool {
			return (d.status.Waiting() == (d.retry > 0)) && ((d.status == Failed) == (d.err != nil))
		}},
		{"a note says what is odd, or what is over", always, func(v view, d decision) bool {
			return d.step != stepNote || d.odd != "" || len(v.record.FirstSeen) > 0
		}},
	}
}

func TestDecideLaws(t *testing.T) {
	held := map[string]int{}
	for c := range cells() {
		for _, o := range append(circumstances(), option{"hidden from the start", ofRecord(startHidden)}) {
			v := c.within(o.edit)
			d := testRules().decide(v)
			for _, l := range laws() {
				if !l.applies(v) {
					continue
				}
				held[l.name]++
				if !l.allowed(v, d) {
					t.Errorf("%s, %s: %s: it breaks %q", c, o.name, d.line(), l.name)
				}
			}
		}
	}
	for _, l := range laws() {
		if held[l.name] == 0 {
			t.Errorf("%q applies nowhere", l.name)
		}
	}
}

// While the binder is paused there is nothing but waits, and what has ended
// anyway.
func TestDecideEveryCellPaused(t *testing.T) {
	for c := range cells() {
		for _, o := range circumstances() {
			free := c.decidedTwice(t, o.edit)
			d := c.decidedTwice(t, o.edit, func(v *view) { v.paused = "paused: migration" })
			switch {
			case d.step != stepEnd:
				t.Errorf("%s, %s: %s, though paused", c, o.name, d.line())
			case free.step == stepEnd && d.line() != free.line():
				t.Errorf("%s, %s: ends in %s; paused, in %s", c, o.name, free.line(), d.line())
			case free.step != stepEnd && (d.status != NotReady || d.retry != pausedRetry || d.reason != "paused: migration"):
				t.Errorf("%s, %s: %s; paused, %s", c, o.name, free.line(), d.line())
			}
		}
	}
}

// What another process holds the lease of is left to it, whatever is to be
// seen, and whatever an operator wants.
func TestDecideEveryCellLeasedByAnother(t *testing.T) {
	for c := range cells() {
		for _, o := range orders() {
			d := c.decidedTwice(t, ofRecord(leasedByOther), ordered(o))
			answered := o == orderBind && !alive(c.within().instance)
			if c.recorded() && !answered && (d.status != Busy || d.retry != 10*time.Second) {
				t.Errorf("%s, order %q: %s", c, o, d.line())
			}
			if d.step != stepEnd && c.recorded() {
				t.Errorf("%s, order %q: %s, though another has the lease", c, o, d.line())
			}
		}
	}
}

func orders() []verb {
	return []verb{"", orderUnbind, orderUnbindForce, orderDrain, orderUndrain, orderBind}
}

// What an operator wants has its bounds, too.
func TestDecideEveryCellOrdered(t *testing.T) {
	for c := range cells() {
		for _, o := range circumstances() {
			for _, order := range orders() {
				v := c.within(o.edit, ordered(order))
				d := c.decidedTwice(t, o.edit, ordered(order))
				if why := beyond(v, d); why != "" {
					t.Errorf("%s, %s, order %q: %s: %s", c, o.name, order, d.line(), why)
				}
			}
		}
	}
}

// beyond says what is wrong about a decision on an order.
func beyond(v view, d decision) string {
	switch {
	case d.step == stepRelease && v.order.verb == orderUnbind && serving(v.instance):
		return "a serving worker is unbound without force"
	case v.order.verb == orderUnbindForce && (inPhase(v, store.Bound) || inPhase(v, store.Reserved)) && d.step != stepRelease && d.step != stepNote:
		return "force does not unbind"
	case v.order.ofBound() && v.record == nil && (d.step != stepEnd || d.status != Gone):
		return "there is nothing to give the order to"
	case v.order.verb == orderBind && !alive(v.instance) && d.step != stepEnd:
		return "an order to bind touches what is not alive"
	case (v.order.verb == orderDrain || v.order.verb == orderUndrain) && d.step == stepReserve:
		return "hiding and showing binds nothing"
	}
	return ""
}
