package storetest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/store"
)

// checkCases are about stores that can tell in advance whether they will do,
// and afterwards whether all is as it should be.
func checkCases() []testCase {
	return []testCase{{
		name:     "check",
		contract: "Check returns nil if the store exists, can be read, and has the schema that it needs.",
		run: func(b *bench) {
			for range 2 {
				if err := optionally[store.Checker](b).Check(b.Context()); err != nil {
					b.Errorf("Check of a store that works: %v", err)
				}
				b.put(bound(len(b.list(store.Filter{}))))
			}
		},
	}, {
		name:     "audit",
		contract: "Audit returns what differs from the records: nothing, if nobody else has touched it. The flag Allocated is never changed.",
		run: func(b *bench) {
			auditor := optionally[store.Auditor](b)
			b.allocated(1)
			b.put(free(2))
			b.put(reserved(3))
			b.put(next(b.put(bound(4)), draining(true)))
			b.put(freed(b.put(bound(5))))
			b.delete(b.put(free(6)))
			before := sorted(b.list(store.Filter{}))
			for _, repair := range []bool{false, true} {
				if found, err := auditor.Audit(b.Context(), repair); err != nil || len(found) > 0 {
					b.Errorf("Audit (repair %t) = %+v, %v, want nothing", repair, found, err)
				}
				if diff := difference(before, sorted(b.list(store.Filter{}))); diff != "" {
					b.Errorf("Audit (repair %t) changed records (- before, + after):\n%s", repair, diff)
				}
			}
		},
	}, {
		name:     "check-cancelled",
		contract: "Every error but a context's wraps the cause: a context's passes through as it is.",
		run: func(b *bench) {
			ctx, cancel := context.WithCancel(b.Context())
			cancel()
			calls := map[string]error{}
			if checker, ok := b.store.(store.Checker); ok {
				calls["Check"] = checker.Check(ctx)
			}
			if auditor, ok := b.store.(store.Auditor); ok {
				_, calls["Audit"] = auditor.Audit(ctx, false)
			}
			if len(calls) == 0 {
				b.Skipf("the store is neither store.Checker nor store.Auditor")
			}
			for call, err := range calls {
				if !errors.Is(err, context.Canceled) {
					b.Errorf("%s with a cancelled context = %v, want context.Canceled", call, err)
				}
			}
		},
	}}
}
