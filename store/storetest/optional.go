package storetest

import (
	"context"

	"github.com/eipbinder/eipbinder/internal/suite"
	"github.com/eipbinder/eipbinder/store"
)

type interceptedRegistry struct {
	registry store.Registry
	hook     Hook
}

func (i interceptedRegistry) Acquire(ctx context.Context, id string) error {
	return suite.Tell(ctx, i.hook, "Acquire", func(ctx context.Context) error { return i.registry.Acquire(ctx, id) })
}

func (i interceptedRegistry) Yield(ctx context.Context, id string) error {
	return suite.Tell(ctx, i.hook, "Yield", func(ctx context.Context) error { return i.registry.Yield(ctx, id) })
}

type interceptedChecker struct {
	checker store.Checker
	hook    Hook
}

func (i interceptedChecker) Check(ctx context.Context) error {
	return suite.Tell(ctx, i.hook, "Check", i.checker.Check)
}

type interceptedPauser struct {
	pauser store.Pauser
	hook   Hook
}

func (i interceptedPauser) Pause(ctx context.Context, reason string) error {
	return suite.Tell(ctx, i.hook, "Pause", func(ctx context.Context) error { return i.pauser.Pause(ctx, reason) })
}

func (i interceptedPauser) Resume(ctx context.Context) error {
	return suite.Tell(ctx, i.hook, "Resume", i.pauser.Resume)
}

func (i interceptedPauser) Paused(ctx context.Context) (bool, string, error) {
	type answer struct {
		paused bool
		reason string
	}
	a, err := suite.Ask(ctx, i.hook, "Paused", func(ctx context.Context) (a answer, err error) {
		a.paused, a.reason, err = i.pauser.Paused(ctx)
		return a, err
	})
	return a.paused, a.reason, err
}

type interceptedAuditor struct {
	auditor store.Auditor
	hook    Hook
}

func (i interceptedAuditor) Audit(ctx context.Context, repair bool) ([]store.Discrepancy, error) {
	return suite.Ask(ctx, i.hook, "Audit", func(ctx context.Context) ([]store.Discrepancy, error) { return i.auditor.Audit(ctx, repair) })
}

const (
	hasRegistry = 1 << iota
	hasChecker
	hasPauser
	hasAuditor
)

// optional are the abilities that a store may have in addition, and which of
// them it has.
type optional struct {
	has      int
	registry store.Registry
	checker  store.Checker
	pauser   store.Pauser
	auditor  store.Auditor
}

// with returns the store with these abilities and no others. What a value
// implements is fixed when it is compiled: hence a type for each combination.
func (o optional) with(s store.Store) store.Store {
	switch o.has {
	case hasRegistry | hasChecker | hasPauser | hasAuditor:
		return struct {
			store.Store
			store.Registry
			store.Checker
			store.Pauser
			store.Auditor
		}{s, o.registry, o.checker, o.pauser, o.auditor}
	case hasChecker | hasPauser | hasAuditor:
		return struct {
			store.Store
			store.Checker
			store.Pauser
			store.Auditor
		}{s, o.checker, o.pauser, o.auditor}
	case hasRegistry | hasPauser | hasAuditor:
		return struct {
			store.Store
			store.Registry
			store.Pauser
			store.Auditor
		}{s, o.registry, o.pauser, o.auditor}
	case hasPauser | hasAuditor:
		return struct {
			store.Store
			store.Pauser
			store.Auditor
		}{s, o.pauser, o.auditor}
	case hasRegistry | hasChecker | hasAuditor:
		return struct {
			store.Store
			store.Registry
			store.Checker
			store.Auditor
		}{s, o.registry, o.checker, o.auditor}
	case hasChecker | hasAuditor:
		return struct {
			store.Store
			store.Checker
			store.Auditor
		}{s, o.checker, o.auditor}
	case hasRegistry | hasAuditor:
		return struct {
			store.Store
			store.Registry
			store.Auditor
		}{s, o.registry, o.auditor}
	case hasAuditor:
		return struct {
			store.Store
			store.Auditor
		}{s, o.auditor}
	case hasRegistry | hasChecker | hasPauser:
		return struct {
			store.Store
			store.Registry
			store.Checker
			store.Pauser
		}{s, o.registry, o.checker, o.pauser}
	case hasChecker | hasPauser:
		return struct {
			store.Store
			store.Checker
			store.Pauser
		}{s, o.checker, o.pauser}
	case hasRegistry | hasPauser:
		return struct {
			store.Store
			store.Registry
			store.Pauser
		}{s, o.registry, o.pauser}
	case hasPauser:
		return struct {
			store.Store
			store.Pauser
		}{s, o.pauser}
	case hasRegistry | hasChecker:
		return struct {
			store.Store
			store.Registry
			store.Checker
		}{s, o.registry, o.checker}
	case hasChecker:
		return struct {
			store.Store
			store.Checker
		}{s, o.checker}
	case hasRegistry:
		return struct {
			store.Store
			store.Registry
		}{s, o.registry}
	}
	return s
}
