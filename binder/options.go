package binder

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// Backends are what a Binder is composed of. All are required.
type Backends struct {
	// Fleet knows the instances, and which of them are to be bound.
	Fleet Fleet
	// Pool has the addresses.
	Pool eippool.Pool
	// Policy names the bindings. New asks it whether it can, if it is a
	// dnspolicy.Validator.
	Policy dnspolicy.Policy
	// Zone holds the names.
	Zone dnspolicy.Zone
	// Store decides who wins; all processes of a deployment share one.
	Store store.Store
}

// Options are a Binder's tunables. New fills in the defaults before it calls
// the option functions, so a zero set there means zero.
type Options struct {
	// Suffix is appended to the policy's names: a domain in the zone, with or
	// without trailing dot, in A-labels or U-labels. Required.
	Suffix string
	// BinderID names the deployment, in every record. Records of another
	// deployment are never touched. Default "eipbinder".
	BinderID string
	// TTL of the A records, in whole seconds. Default 60 s.
	TTL time.Duration
	// CoolDown is for how long at least a freed address is nobody's, so that
	// cached answers and late packets die first. Default 2 min.
	CoolDown time.Duration
	// KeepNames leaves an address's name published when it is freed. It needs a
	// per-address policy (dnspolicy.PerAddress). Default false.
	KeepNames bool
	// CoveredByWildcard refuses names that a wildcard certificate for the suffix
	// does not cover: those of more than one label before it. It needs a policy
	// that has others (not dnspolicy.DottedIP, say). Default false.
	CoveredByWildcard bool
	// ReverseNames sets each address's reverse name (PTR) to its name before the
	// binding becomes visible, and clears it when the name goes. It needs a pool
	// that is an eippool.ReverseNamer, and costs one call each. Default false.
	ReverseNames bool
	// RecordTags are the keys of the instance tags that are copied to the record
	// for schedule servers. Default none.
	RecordTags []string
	// Lease is for how long one worker may act on a record before another one
	// takes over. Cloud calls under it end before it does. Default 1 min.
	Lease time.Duration
	// ConfirmAfter is how far apart two observations must be that together prove
	// an absence. Default 5 min, since EC2's answers may lag that much.
	ConfirmAfter time.Duration
	// LateCalls is for how long after a lease was taken the calls made under it
	// may still take effect, whatever their caller was told. Default: Lease and
	// the five minutes for which a signature is valid. Less is for simulations.
	LateCalls time.Duration
	// StopGrace is for how long a stopped instance keeps its binding, hidden.
	// Default 10 min.
	StopGrace time.Duration
	// BlastRadius is how many bindings and names one Sweep may take back without
	// being forced. Default 50; zero lets it take back none.
	BlastRadius int
	// StartHidden lets each new binding begin drained: schedule servers do not see
	// the worker, not even for a moment, until Undrain shows it for the first time,
	// such as once its server answers. It is part of the reservation: whoever goes
	// on with that keeps it, whatever this option says there. What was shown once
	// is shown again after a repair or a stop; a worker that gets another address
	// starts hidden again. What is bound already, or adopted, stays as it is. All
	// processes of a deployment should agree. Default false.
	StartHidden bool
	// DNSWait is for how long at most one call waits until names are in sync. What
	// is not by then is NotReady, and the next call goes on. Less suits what pays
	// for waiting, such as a function behind a queue. Default 2 min; at least 1 s,
	// since asking takes time.
	DNSWait time.Duration
	// Concurrency is how many instances of one call are worked on at once; those
	// that wait for DNS or for their turn do not count. Default 16.
	Concurrency int
	// Logger gets what happens. Default: silence.
	Logger *slog.Logger
	// Observer is told what happens. Default: none.
	Observer Observer
}

// unset marks an option whose default depends on another one.
const unset time.Duration = -1 << 62

// signature is for how long AWS accepts a signed request.
const signature = 5 * time.Minute

func defaults() Options {
	return Options{
		BinderID:     "eipbinder",
		TTL:          time.Minute,
		CoolDown:     2 * time.Minute,
		Lease:        time.Minute,
		ConfirmAfter: 5 * time.Minute,
		LateCalls:    unset,
		StopGrace:    10 * time.Minute,
		DNSWait:      2 * time.Minute,
		BlastRadius:  50,
		Concurrency:  16,
		Logger:       slog.New(slog.DiscardHandler),
	}
}

// resolve checks backends and options, and returns the options in the form
// that the binder uses. Every error names the field.
func resolve(b Backends, optFns []func(*Options)) (Options, error) {
	o := defaults()
	for _, fn := range optFns {
		fn(&o)
	}
	if o.LateCalls == unset {
		o.LateCalls = o.Lease + signature
	}
	var errs []error
	require := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	requireBackends(b, o, require)
	requireTunables(o, require)
	if err := o.resolveNames(b.Policy); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return Options{}, fmt.Errorf("%w: %w", ErrConfig, errors.Join(errs...))
	}
	return o, nil
}

// resolveNames brings the suffix in the form that the binder uses, and asks the
// policy whether it will do under it.
func (o *Options) resolveNames(policy dnspolicy.Policy) error {
	suffix, err := ToASCII(strings.TrimSuffix(o.Suffix, ".") + ".")
	if err == nil {
		suffix, err = dnspolicy.CheckName(suffix)
	}
	if err != nil {
		return fmt.Errorf("Options.Suffix %q: %w", o.Suffix, err)
	}
	o.Suffix = suffix
	if policy == nil {
		return nil // an error already
	}
	terms := o.terms()
	terms.CoveredByWildcard = false
	if err := dnspolicy.Validate(policy, terms); err != nil {
		return fmt.Errorf("Backends.Policy: %w", err)
	}
	if err := dnspolicy.Validate(policy, o.terms()); err != nil {
		return fmt.Errorf("Options.CoveredByWildcard: %w: take a policy whose names have one label, such as dnspolicy.DashedIP, or leave it out", err)
	}
	if name := onlyCommon(policy, o.terms(), commonOf(policy)); name != "" {
		return fmt.Errorf("Backends.Policy: %s, like all that it names a worker, is a name that workers may have in common: add something to the common name that no worker's own has", name)
	}
	return nil
}

// requireBackends requires the backends, and of them what the options need.
func requireBackends(b Backends, o Options, require func(ok bool, what string)) {
	require(b.Fleet != nil, "Backends.Fleet is missing")
	require(b.Pool != nil, "Backends.Pool is missing")
	require(b.Policy != nil, "Backends.Policy is missing")
	require(b.Zone != nil, "Backends.Zone is missing")
	require(b.Store != nil, "Backends.Store is missing")
	_, perAddress := b.Policy.(dnspolicy.PerAddressPolicy)
	require(!o.KeepNames || perAddress, "Options.KeepNames needs a per-address policy: dnspolicy.PerAddress(…)")
	_, reverses := b.Pool.(eippool.ReverseNamer)
	require(!o.ReverseNames || reverses, "Options.ReverseNames needs a pool that can set them (eippool.ReverseNamer)")
}

// requireTunables requires what the options are limited to.
func requireTunables(o Options, require func(ok bool, what string)) {
	require(o.BinderID != "", "Options.BinderID is empty")
	require(o.TTL >= 0 && o.TTL <= math.MaxInt32*time.Second && o.TTL%time.Second == 0,
		fmt.Sprintf("Options.TTL %s is not a number of whole seconds up to %d", o.TTL, math.MaxInt32))
	require(o.Lease >= time.Second, fmt.Sprintf("Options.Lease %s is shorter than a second", o.Lease))
	require(o.CoolDown >= 0 && o.ConfirmAfter >= 0 && o.LateCalls >= 0 && o.StopGrace >= 0,
		"Options.CoolDown, ConfirmAfter, LateCalls and StopGrace must not be negative")
	require(o.DNSWait >= time.Second, fmt.Sprintf("Options.DNSWait %s is shorter than a second", o.DNSWait))
	require(o.BlastRadius >= 0, "Options.BlastRadius must not be negative")
	require(o.Concurrency > 0, "Options.Concurrency must be at least 1")
	require(o.Logger != nil, "Options.Logger is nil: leave it out for silence")
}
