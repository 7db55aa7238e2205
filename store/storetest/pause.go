package storetest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/store"
)

func pauseCases() []testCase {
	return []testCase{{
		name:     "pause-not-set",
		contract: "Paused reports whether the switch is set: in an empty store it is not.",
		run:      func(b *bench) { b.running() },
	}, {
		name:     "pause",
		contract: "Pause sets the switch, with the reason to give to whoever asks.",
		run: func(b *bench) {
			b.pause("a change of the zone")
			b.paused("a change of the zone")
			b.paused("a change of the zone") // asking does not clear it
		},
	}, {
		name:     "pause-without-reason",
		contract: "Paused reports whether the switch is set, and why: one that was set without a reason is set.",
		run: func(b *bench) {
			b.pause("")
			b.paused("")
		},
	}, {
		name:     "pause-again",
		contract: "A switch that is set gets the new reason.",
		run: func(b *bench) {
			b.pause("first")
			b.pause("second")
			b.paused("second")
		},
	}, {
		name:     "resume",
		contract: "Resume clears the switch.",
		run: func(b *bench) {
			for _, reason := range []string{"first", "second"} {
				b.pause(reason)
				b.paused(reason)
				b.resume()
				b.running()
			}
		},
	}, {
		name:     "resume-not-set",
		contract: "Resume of a switch that is not set is success.",
		run: func(b *bench) {
			b.resume()
			b.running()
			b.pause("first")
			b.resume()
			b.resume()
			b.running()
		},
	}, {
		name:     "pause-is-no-record",
		contract: "The switch stops binders, not the store: records are read and written as before, and do not touch it.",
		run: func(b *bench) {
			before := b.put(bound(1))
			b.pause("a change of the zone")
			b.stands(before)
			after := b.put(reserved(2))
			if diff := difference([]store.Record{before, after}, sorted(b.list(store.Filter{}))); diff != "" {
				b.Errorf("List while the switch is set (- wanted, + got):\n%s", diff)
			}
			b.paused("a change of the zone")
			b.resume()
			b.stands(before)
			b.stands(after)
		},
	}, {
		name:     "pause-cancelled",
		contract: "Every error but a context's wraps the cause: a context's passes through as it is.",
		run: func(b *bench) {
			ctx, cancel := context.WithCancel(b.Context())
			cancel()
			_, _, paused := b.pauser().Paused(ctx)
			calls := map[string]error{"Paused": paused, "Pause": b.pauser().Pause(ctx, "cancelled"), "Resume": b.pauser().Resume(ctx)}
			for call, err := range calls {
				if !errors.Is(err, context.Canceled) {
					b.Errorf("%s with a cancelled context = %v, want context.Canceled", call, err)
				}
			}
		},
	}}
}

func (b *bench) pauser() store.Pauser { return optionally[store.Pauser](b) }

func (b *bench) pause(reason string) {
	b.Helper()
	if err := b.pauser().Pause(b.Context(), reason); err != nil {
		b.Fatalf("Pause(%q): %v", reason, err)
	}
}

func (b *bench) resume() {
	b.Helper()
	if err := b.pauser().Resume(b.Context()); err != nil {
		b.Fatalf("Resume: %v", err)
	}
}

// paused checks that the switch is set, for this reason.
func (b *bench) paused(want string) {
	b.Helper()
	paused, reason, err := b.pauser().Paused(b.Context())
	if err != nil || !paused || reason != want {
		b.Errorf("Paused = %t, %q, %v, want true for the reason %q", paused, reason, err, want)
	}
}

// running checks that the switch is not set.
func (b *bench) running() {
	b.Helper()
	paused, reason, err := b.pauser().Paused(b.Context())
	if err != nil || paused || reason != "" {
		b.Errorf("Paused = %t, %q, %v, want false without a reason", paused, reason, err)
	}
}
