package k8snode

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// A worker whose Node is gone while its instance runs on is hidden: by an order that
// is given until it is carried out, and not if there is nothing to hide.
func TestHiddenOnceGone(t *testing.T) {
	look := aBound("")
	failed := binder.Outcome{InstanceID: instance, Status: binder.Failed}
	for name, row := range map[string]struct {
		look   binder.Outcome
		orders []binder.Outcome
		told   string
	}{
		"hidden":             {look, []binder.Outcome{aBound(binder.DrainedBy(HiddenBy))}, "Normal Hidden"},
		"hidden by somebody": {look, []binder.Outcome{aBound(binder.ReasonDraining)}, "Normal Hidden"},
		"after a failure":    {look, []binder.Outcome{failed, aBound(binder.DrainedBy(HiddenBy))}, "Warning HidingFailed x,Normal Hidden"},
		"after a while":      {look, []binder.Outcome{{InstanceID: instance, Status: binder.Busy, RetryAfter: time.Minute}, aBound(binder.DrainedBy(HiddenBy))}, "Normal Hidden"},
		"ended meanwhile":    {look, []binder.Outcome{{InstanceID: instance, Status: binder.Unbound}}, "Normal Unbound"},
		"unbound meanwhile":  {look, []binder.Outcome{{InstanceID: instance, Status: binder.Gone}}, ""},
		"hidden before":      {aBound(binder.DrainedBy(HiddenBy)), nil, ""},
		"nothing is known":   {binder.Outcome{InstanceID: instance, Status: binder.Gone}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := &scripted{}
			node := labelled(StateBound, false)
			c, said := controllerOn(t, b, node)
			if err := c.client.Delete(t.Context(), node); err != nil {
				t.Fatal(err)
			}
			reconcileTwice(t, c)
			call, ids := c.looks.depart()
			if len(ids) != 1 {
				t.Fatalf("asked about %v", ids)
			}
			c.looks.land(call, row.look)
			for _, o := range row.orders {
				if b.outcome, b.err = o, nil; o.Status == binder.Failed {
					b.err = errors.New("x")
				}
				c.looks.change(instance, func(e *entry) { e.orderDue = time.Time{} }) // time passes
				carriedOut(t, c)
			}
			reconcileTwice(t, c)
			var told []string
			for line := range strings.Lines(said()) {
				reason, _, _ := strings.Cut(strings.TrimSpace(line), " schedule")
				reason, _, _ = strings.Cut(reason, " "+instance)
				told = append(told, reason)
			}
			if got := strings.Join(told, ","); got != row.told || b.calls != len(row.orders) {
				t.Errorf("said %q, want %q, by %d orders", got, row.told, b.calls)
			}
			if know := c.looks.of(instance); know.node != "" {
				t.Errorf("it is not forgotten: %+v", know)
			}
		})
	}
}

// What failed to be found out about an instance whose Node is gone is asked again.
func TestGoneAndNobodyKnows(t *testing.T) {
	node := labelled(StateBound, false)
	c, _ := controllerOn(t, &scripted{}, node)
	if err := c.client.Delete(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	reconcileTwice(t, c)
	call, _ := c.looks.depart()
	c.looks.land(call, binder.Outcome{InstanceID: instance, Status: binder.Failed, Err: errors.New("no store")})
	if result, err := c.Reconcile(t.Context(), request("a")); err != nil || !about(result.RequeueAfter, 2*time.Second) {
		t.Errorf("%+v, %v", result, err)
	}
	c.looks.change(instance, func(e *entry) { e.due = time.Time{} }) // time passes
	reconcileTwice(t, c)
	if _, ids := c.looks.depart(); len(ids) != 1 {
		t.Errorf("asked about %v", ids)
	}
}
