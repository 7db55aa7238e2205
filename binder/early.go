package binder

import "context"

// teller is the key of who is told of outcomes.
type teller struct{}

// WithOutcomes returns a context for calls of a Binder or a Mux, whose outcomes are
// then also told one by one, each as soon as it is settled: a Reconcile or a
// Sweep ends with its slowest instance, which may be minutes later. Each of the
// call's outcomes is told once, before the call returns; a sweep that ends before it
// changes anything has none. A nil function is nobody.
//
//	tell := func(o binder.Outcome) { ready <- o }
//	outcomes, err := b.Reconcile(binder.WithOutcomes(ctx, tell), ids...)
//
// The function is called from several goroutines at once. It should return soon,
// and must not call the binder.
func WithOutcomes(ctx context.Context, tell func(Outcome)) context.Context {
	return context.WithValue(ctx, teller{}, tell)
}

func tellOutcome(ctx context.Context, o Outcome) {
	if tell, _ := ctx.Value(teller{}).(func(Outcome)); tell != nil {
		tell(o)
	}
}

// named is a context under which outcomes are told as the profile's.
func (p profile) named(ctx context.Context) context.Context {
	return WithOutcomes(ctx, func(o Outcome) {
		o.Profile = p.name
		tellOutcome(ctx, o)
	})
}
