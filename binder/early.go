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

// drainer is the key of who says which instances are bound drained.
type drainer struct{}

// WithDrained returns a context for calls of a Binder or a Mux under which an
// instance for which the function returns a program's name is drained by that
// program (see DrainOptions.By) in the very write that makes it Bound: schedule
// servers do not see it for a moment. For the empty name it is not, nor with a nil
// function. What is bound already stays as it is: Drain hides it.
//
// The function is called from several goroutines at once, just before the write.
// It should return at once, and must not call the binder.
func WithDrained(ctx context.Context, by func(instanceID string) string) context.Context {
	return context.WithValue(ctx, drainer{}, by)
}

func drainedBy(ctx context.Context, id string) string {
	if by, _ := ctx.Value(drainer{}).(func(string) string); by != nil {
		return by(id)
	}
	return ""
}

// refuser is the key of who says which instances get no new binding.
type refuser struct{}

// WithRefused returns a context for calls of a Binder or a Mux under which an
// instance for which the function returns a reason gets no new binding: if it could
// be bound otherwise, now or once it runs, its outcome is NotReady with that reason.
// What is bound to it already, or is being bound, is worked on as ever. A program
// uses it that learns elsewhere, from Kubernetes, say, whose an instance is. With
// the empty reason it is not refused, nor with a nil function.
//
// The function is called from several goroutines at once, when the instances are
// looked at. It should return at once, and must not call the binder.
func WithRefused(ctx context.Context, reason func(instanceID string) string) context.Context {
	return context.WithValue(ctx, refuser{}, reason)
}

func refused(ctx context.Context, id string) string {
	if reason, _ := ctx.Value(refuser{}).(func(string) string); reason != nil {
		return reason(id)
	}
	return ""
}

// named is a context under which outcomes are told as the profile's.
func (p profile) named(ctx context.Context) context.Context {
	return WithOutcomes(ctx, func(o Outcome) {
		o.Profile = p.name
		tellOutcome(ctx, o)
	})
}
