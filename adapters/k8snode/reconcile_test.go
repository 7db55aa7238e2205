package k8snode

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// carriedOut reconciles the node, carries out the order that this gives, and
// reconciles it again.
func carriedOut(t *testing.T, c *Controller) time.Duration {
	t.Helper()
	for step := range 2 {
		result, err := c.Reconcile(t.Context(), request("a"))
		switch {
		case err != nil:
			t.Error(err)
		case step > 0:
			return result.RequeueAfter
		case c.orders.queue.Len() != 1:
			t.Fatal("no order was given")
		default:
			id, _ := c.orders.queue.Get()
			c.orders.carryOut(t.Context(), id)
			c.orders.queue.Done(id)
		}
	}
	return 0
}

// about reports whether a time that has begun to pass was this long.
func about(got, want time.Duration) bool { return got <= want && got > want/2 || got == want }

// aBound is an outcome about the instance with this reason.
func aBound(reason string) binder.Outcome {
	return binder.Outcome{
		InstanceID: instance, Status: binder.AlreadyBound, Reason: reason,
		IP: netip.MustParseAddr("203.0.113.7"), Name: "a.example.com.",
	}
}

// A worker is hidden, or shown, also while nobody can find out anew what is bound.
// One that could not be is tried again, and the node says so.
func TestOrders(t *testing.T) {
	const asked = true
	gone, busy := binder.Outcome{Status: binder.Gone}, binder.Outcome{Status: binder.Busy, RetryAfter: time.Minute}
	for name, row := range map[string]struct {
		state   string
		cordon  bool
		outcome binder.Outcome
		err     error
		again   time.Duration
		becomes string
		says    string
		asked   bool
	}{
		"hidden":                     {StateBound, true, aBound(binder.DrainedBy(HiddenBy)), nil, 0, StateHidden, "Normal Hidden schedule servers do not see the worker: cordoned", !asked},
		"hidden by an operator":      {StateBound, true, aBound(binder.ReasonDraining), nil, 0, StateHidden, "Normal Hidden schedule servers do not see the worker: somebody has drained it", !asked},
		"busy":                       {StateBound, true, busy, nil, time.Minute, StateBound, "", !asked},
		"nothing to hide":            {StateBound, true, gone, nil, 0, StateBound, "", asked},
		"hiding failed":              {StateBound, true, binder.Outcome{Status: binder.Failed}, errors.New("x"), 2 * time.Second, StateBound, "Warning HidingFailed x", !asked},
		"shown":                      {StateHidden, false, aBound(""), nil, 0, StateBound, "Normal Shown schedule servers see the worker", !asked},
		"an operator hides it still": {StateHidden, false, aBound(binder.ReasonDraining), nil, 0, StateHidden, "", !asked},
		"showing is to wait":         {StateHidden, false, busy, nil, time.Minute, StateHidden, "", !asked},
		"showing failed":             {StateHidden, false, binder.Outcome{Status: binder.Failed}, errors.New("x"), 2 * time.Second, StateHidden, "Warning ShowingFailed x", !asked},
		"nothing to show":            {StateHidden, false, gone, nil, 0, StateHidden, "", asked},
	} {
		for _, failing := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, failing: %t", name, failing), func(t *testing.T) {
				row.outcome.InstanceID = instance
				b := &scripted{outcome: row.outcome, err: row.err}
				c, said := controllerOn(t, b, labelled(row.state, row.cordon))
				asked := row.asked
				if failing {
					c.looks.found(binder.Outcome{InstanceID: instance, Status: binder.Failed, Err: errors.New("no store")}, time.Now())
					asked = false // it asks anyway, when due
				}
				again := carriedOut(t, c)
				n := theNode(t, c)
				if text := said(); !failing && !about(again, row.again) || b.calls != 1 || n.Labels[LabelState] != row.becomes || text != row.says {
					t.Errorf("%s, %d calls, %s, said %q", again, b.calls, n.Labels[LabelState], text)
				}
				if got := c.looks.of(instance).asked; got != asked {
					t.Errorf("asked what is bound: %t", got)
				}
			})
		}
	}
}

// Where a worker gets another address than its node tells, that is told like the
// first one: with why schedule servers do not see the worker, though they did not
// see it before either.
func TestBoundAtAnotherAddress(t *testing.T) {
	for name, row := range map[string]struct {
		state, reason string
		cordon        bool
		says          string
	}{
		"shown":                 {StateBound, "", false, ""},
		"shown now":             {StateHidden, "", false, ""},
		"cordoned":              {StateHidden, binder.DrainedBy(HiddenBy), true, "; schedule servers do not see it: cordoned"},
		"cordoned now":          {StateBound, binder.DrainedBy(HiddenBy), true, "; schedule servers do not see it: cordoned"},
		"hidden by an operator": {StateHidden, binder.ReasonDraining, false, "; schedule servers do not see it: somebody has drained it"},
		"not shown yet":         {StateBound, binder.ReasonStartHidden, false, "; schedule servers do not see it yet"},
	} {
		t.Run(name, func(t *testing.T) {
			c, said := controllerOn(t, &scripted{}, labelled(row.state, row.cordon))
			next := aBound(row.reason)
			next.IP, next.Name = netip.MustParseAddr("203.0.113.9"), "b.example.com."
			for range 2 {
				c.looks.found(next, time.Now())
				if _, err := c.Reconcile(t.Context(), request("a")); err != nil {
					t.Error(err)
				}
			}
			if text, want := said(), "Normal Bound b.example.com is 203.0.113.9"+row.says; text != want {
				t.Errorf("said %q, want %q", text, want)
			}
			if n := theNode(t, c); n.Annotations[AnnotationAddress] != "203.0.113.9" || n.Labels[LabelState] != stateOf(next) {
				t.Errorf("annotations %v, labels %v", n.Annotations, n.Labels)
			}
		})
	}
}

// An order that is not carried out for long says what it waits for.
func TestOrderWaits(t *testing.T) {
	c, said := controllerOn(t, &scripted{outcome: binder.Outcome{Status: binder.NotReady, Reason: "paused: migration"}}, labelled(StateBound, true))
	c.opts.Patience = 0
	carriedOut(t, c)
	if text := said(); text != "Warning WaitingForHiding paused: migration" {
		t.Errorf("said %q", text)
	}
}

// A worker that cannot be shown for long says, once, what it waits for.
func TestShowingWaits(t *testing.T) {
	b := &scripted{outcome: binder.Outcome{Status: binder.NotReady, Reason: "paused: migration"}}
	c, said := controllerOn(t, b, labelled(StateHidden, false))
	var texts []string
	for _, patience := range []time.Duration{c.opts.Patience, 0, 0} {
		c.opts.Patience = patience
		c.looks.change(instance, func(e *entry) { e.orderDue = time.Time{} }) // time passes
		carriedOut(t, c)
		texts = append(texts, said())
	}
	if want := []string{"", "Warning WaitingForShowing paused: migration", ""}; !slices.Equal(texts, want) {
		t.Errorf("said %q, want %q", texts, want)
	}
}

// A node that no answer comes for says so, once.
func TestNoAnswer(t *testing.T) {
	c, said := controllerOn(t, &scripted{}, aNode())
	if result, err := c.Reconcile(t.Context(), request("a")); err != nil || !about(result.RequeueAfter, c.opts.Patience) || said() != "" {
		t.Errorf("%+v, %v", result, err)
	}
	c.opts.Patience = 0
	for range 2 {
		if result, err := c.Reconcile(t.Context(), request("a")); err != nil || result.RequeueAfter != 0 {
			t.Errorf("%+v, %v", result, err)
		}
	}
	if text := said(); strings.Count(text, "WaitingForBinding") != 1 {
		t.Errorf("said %q", text)
	}
}
