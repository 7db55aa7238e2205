package binder_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// watch checks after every turn what must hold at every moment, and also what
// only a change can break.
type watch struct {
	w      *world
	held   map[string]eippool.Address // as of the last turn, by allocation ID
	freed  map[string]time.Time
	before map[string]string // who held it last
	flags  map[string]string // instances that schedule servers have taken, by allocation ID
}

// check checks I1 to I4, I6, I7 and I8. With force, somebody may take a serving
// worker's address.
func (x *watch) check(force bool) error {
	if x.held == nil {
		x.held, x.freed, x.before, x.flags = map[string]eippool.Address{}, map[string]time.Time{}, map[string]string{}, map[string]string{}
	}
	const coolDown = 2 * time.Minute // the default of Options.CoolDown
	errs := []error{x.w.checkInvariants()}
	for _, a := range x.w.addresses() {
		old, held := x.held[a.AllocationID]
		if held && a.AssociationID != old.AssociationID {
			x.freed[a.AllocationID], x.before[a.AllocationID] = time.Now(), old.InstanceID
			if !force && x.w.serves(old.InstanceID) {
				errs = append(errs, fmt.Errorf("I8: %s was taken from %s, which is serving", a.IP, old.InstanceID))
			}
			delete(x.held, a.AllocationID)
		}
		if !a.Associated() {
			continue
		}
		since, used := x.freed[a.AllocationID]
		if used && x.before[a.AllocationID] != a.InstanceID && time.Since(since) < coolDown {
			errs = append(errs, fmt.Errorf("I7: %s went from %s to %s within %s", a.IP, x.before[a.AllocationID], a.InstanceID, time.Since(since)))
		}
		x.held[a.AllocationID] = a
	}
	return errors.Join(append(errs, x.checkFlags(), x.w.checkNames())...)
}

// checkFlags checks I6: the flag that a schedule server has set on a worker stays
// for as long as the worker has its address.
func (x *watch) checkFlags() error {
	var errs []error
	for _, r := range x.w.records() {
		taken := x.flags[r.AllocationID]
		if taken != "" && taken == r.InstanceID && !r.Allocated {
			errs = append(errs, fmt.Errorf("I6: %s is not allocated any more", taken))
		}
		delete(x.flags, r.AllocationID)
		if r.Allocated {
			x.flags[r.AllocationID] = r.InstanceID
		}
	}
	return errors.Join(errs...)
}

// serves reports whether the instance is running and eligible.
func (w *world) serves(id string) bool {
	found, err := w.fleet.Describe(context.Background(), id)
	return err == nil && len(found) == 1 && found[0].Eligible && found[0].State == binder.Running
}

// checkNames checks I4 from the zone's side, records or not: the name of an
// instance never points at an address that another instance holds.
func (w *world) checkNames() error {
	holder := map[netip.Addr]string{}
	for _, a := range w.addresses() {
		if a.Associated() {
			holder[a.IP] = a.InstanceID
		}
	}
	var errs []error
	for set, err := range w.zone.List(context.Background()) {
		if err != nil {
			return err
		}
		id := strings.TrimSuffix(set.Name, "."+suffix)
		if strings.HasPrefix(id, "ip-") {
			continue // an address's own, whoever holds it
		}
		for _, value := range set.Values {
			if other := holder[netip.MustParseAddr(value)]; other != "" && other != id {
				errs = append(errs, fmt.Errorf("I4: %s points at %s, which %s holds", set.Name, value, other))
			}
		}
	}
	return errors.Join(errs...)
}

// settle lets fresh processes come back as often as they are told to, and then
// sweep three times. Then this many instances must be bound, and nothing else
// may be left of anything.
func (w *world) settle(t *testing.T, ids []string, bound int) error {
	b := w.binder()
	if err := w.comeBack(t, b, ids, bound); err != nil {
		return err
	}
	time.Sleep(5 * time.Minute) // whatever was under way has landed
	for n := range 3 {
		if _, err := b.Sweep(t.Context()); err != nil {
			return fmt.Errorf("sweep %d after it: %w", n+1, err)
		}
		time.Sleep(5 * time.Minute)
	}
	return errors.Join(w.checkInvariants(), w.checkNames(), w.checkNothingLeft(bound))
}

func (w *world) comeBack(t *testing.T, b *binder.Binder, ids []string, bound int) error {
	var outcomes []binder.Outcome
	for range 40 {
		settled, retry := true, time.Hour
		outcomes = nil
		for _, id := range ids {
			o, err := b.Reconcile(t.Context(), id)
			if err = errors.Join(err, w.checkInvariants(), w.checkNames()); err != nil {
				return fmt.Errorf("recovery of %s: %w", id, err)
			}
			outcomes = append(outcomes, o...)
			if o[0].Status.Waiting() {
				settled = settled && o[0].Status == binder.Exhausted
				retry = min(retry, max(o[0].RetryAfter, time.Second))
			}
		}
		if settled && w.count(store.Bound) == bound {
			return nil
		}
		time.Sleep(retry)
	}
	return fmt.Errorf("recovery does not end: want %d bound; outcomes %+v; records %+v", bound, outcomes, w.records())
}

func (w *world) count(p store.Phase) int {
	n := 0
	for _, r := range w.records() {
		if r.Phase == p {
			n++
		}
	}
	return n
}

// checkNothingLeft checks that this many addresses are bound and associated,
// with a name each, that all others are free, and that nobody has a lease.
func (w *world) checkNothingLeft(bound int) error {
	var errs []error
	var names []string
	for _, r := range w.records() {
		if r.Phase != store.Bound && r.Phase != store.Free || r.Owner != "" {
			errs = append(errs, fmt.Errorf("left: %+v", r))
		}
		if r.Phase == store.Bound {
			names = append(names, r.Name)
		}
	}
	associated := 0
	for _, a := range w.addresses() {
		if a.Associated() {
			associated++
		}
	}
	slices.Sort(names)
	if len(names) != bound || associated != bound || !slices.Equal(names, w.names()) {
		errs = append(errs, fmt.Errorf("%d bound, %d associated, want %d; names %v, want %v", len(names), associated, bound, w.names(), names))
	}
	return errors.Join(errs...)
}

// fingerprint describes the state without what is random in it, and time as
// distance from the beginning.
func (w *world) fingerprint(began time.Time) string {
	var b strings.Builder
	since := func(at time.Time) string {
		if at.IsZero() {
			return "-"
		}
		return at.Sub(began).String()
	}
	for _, a := range w.addresses() {
		fmt.Fprintf(&b, "%s of %s\n", a.AllocationID, a.InstanceID)
	}
	for _, r := range w.records() {
		fmt.Fprintf(&b, "%s %s %s %s %v\n", r.AllocationID, r.Phase, r.InstanceID, r.Name, r.RRSets)
		fmt.Fprintln(&b, r.Owner != "", r.AssociationID != "", r.Propagation != "", r.InSync, r.Unpublished, r.KeepName, r.Draining, r.Allocated, r.Forced, r.Reason, r.LastInstanceID)
		fmt.Fprintln(&b, since(r.LeaseUntil), since(r.AttemptedAt), since(r.BoundAt), since(r.FreedAt), since(r.ReusableAt))
		for _, odd := range slices.Sorted(maps.Keys(r.FirstSeen)) {
			fmt.Fprintln(&b, odd, since(r.FirstSeen[odd]))
		}
	}
	for set, err := range w.zone.List(context.Background()) {
		fmt.Fprintln(&b, set.Name, set.Values, err)
	}
	fmt.Fprint(&b, time.Since(began))
	return b.String()
}
