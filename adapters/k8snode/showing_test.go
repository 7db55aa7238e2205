package k8snode

import (
	"slices"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// A worker that cannot be shown for long says, once, what it waits for.
func TestShowingWaits(t *testing.T) {
	b := &faulty{outcome: binder.Outcome{Status: binder.NotReady, Reason: "paused: migration"}}
	c, said := controllerOn(t, b, labelled(StateHidden, false), nil)
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
