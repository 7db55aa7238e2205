package binder

import (
	"context"
	"net/netip"
	"time"
)

// EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	EventReserved      EventKind = "reserved"
	EventAssociated    EventKind = "associated"
	EventPublished     EventKind = "published"
	EventBound         EventKind = "bound"
	EventHidden        EventKind = "hidden"
	EventShown         EventKind = "shown"
	EventReleasing     EventKind = "releasing"
	EventUnpublished   EventKind = "unpublished"
	EventDisassociated EventKind = "disassociated"
	EventUnbound       EventKind = "unbound"
	EventExhausted     EventKind = "exhausted"
	EventDriftFound    EventKind = "drift-found"
	EventDriftRepaired EventKind = "drift-repaired"
	EventThrottled     EventKind = "throttled"
	EventFailed        EventKind = "failed"
)

// Event is something that the binder did or found.
type Event struct {
	Kind EventKind
	// InstanceID is empty for what concerns no single instance.
	InstanceID string
	// The binding as far as it exists, else zero.
	AllocationID string
	IP           netip.Addr
	Name         string
	// Took is how long the step took. For EventBound it is the time since the
	// instance was launched.
	Took time.Duration
	// Reason says why, where the kind does not.
	Reason string
	// Err is the error of EventThrottled, EventDriftFound and EventFailed.
	Err error
}

// Observer is told what the binder does.
type Observer interface {
	// Observe is called synchronously and from several goroutines at once; it
	// should return soon. It must not call the binder.
	Observe(ctx context.Context, e Event)
}

// ObserverFunc makes an Observer of a function.
type ObserverFunc func(ctx context.Context, e Event)

// Observe calls f.
func (f ObserverFunc) Observe(ctx context.Context, e Event) { f(ctx, e) }
