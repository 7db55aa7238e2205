package zonetest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func waitCases() []testCase {
	return []testCase{
		{Name: "wait", Contract: "Wait returns nil once the changes are on all authoritative servers.", Run: wait},
		{Name: "wait-again", Contract: "It is a plain string so that it can be stored and waited for by another process.", Run: waitAgain},
		{Name: "wait-for-nothing", Contract: "The empty Propagation has arrived.", Run: waitForNothing},
		{Name: "wait-unknown", Contract: "A Propagation that is not known (any more) is ErrNotFound.", Run: waitUnknown},
		{Name: "wait-cancelled", Contract: "It blocks until then, or until ctx ends, whose error it then returns.", Run: waitCancelled},
	}
}

func wait(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.waitFor(t, f.apply(t, dnspolicy.Create(set)))
	f.answers(t, set.RRKey, &set)
	next := f.a("m", "192.0.2.2")
	f.waitFor(t, f.apply(t, replace(set, next)))
	f.answers(t, set.RRKey, &next)
	f.waitFor(t, f.apply(t, dnspolicy.Delete(next)))
	f.answers(t, set.RRKey, nil)
}

func (f Fixture) waitFor(t tb, p dnspolicy.Propagation) {
	t.Helper()
	if err := f.Zone.Wait(t.Context(), p); err != nil {
		t.Fatalf("Wait(%q): %v", p, err)
	}
}

// answers checks what the authoritative servers answer; nil means nothing.
func (f Fixture) answers(t tb, key dnspolicy.RRKey, want *dnspolicy.RRSet) {
	t.Helper()
	if f.Answer == nil {
		return
	}
	if got, ok := f.Answer(key); ok != (want != nil) || want != nil && !got.Equal(*want) {
		t.Errorf("after Wait, the servers answer %v, %t; want %v", got, ok, want)
	}
}

func waitAgain(t tb, f Fixture) {
	first := f.apply(t, dnspolicy.Create(f.a("m", "192.0.2.1")))
	second := f.apply(t, dnspolicy.Create(f.a("n", "192.0.2.1")))
	for _, p := range []dnspolicy.Propagation{second, first, first, second} {
		f.waitFor(t, p)
	}
}

func waitForNothing(t tb, f Fixture) {
	f.apply(t, dnspolicy.Create(f.a("m", "192.0.2.1")))
	f.waitFor(t, "")
}

func waitUnknown(t tb, f Fixture) {
	f.apply(t, dnspolicy.Create(f.a("m", "192.0.2.1")))
	if err := f.Zone.Wait(t.Context(), unknown); !errors.Is(err, dnspolicy.ErrNotFound) {
		t.Errorf("Wait for a Propagation that never was: %v; want %v", err, dnspolicy.ErrNotFound)
	}
}

// unknown has the shape of Route 53's change IDs, so that only its absence can
// be the matter with it.
const unknown dnspolicy.Propagation = "C0123456789ABCDEFGHIJ"

func waitCancelled(t tb, f Fixture) {
	p := f.apply(t, dnspolicy.Create(f.a("m", "192.0.2.1")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Zone.Wait(ctx, p); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait with a cancelled context: %v; want %v", err, context.Canceled)
	}
}
