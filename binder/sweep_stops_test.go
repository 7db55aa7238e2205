package binder_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// halfway ends the list with the error after its first element.
func halfway[T any](list iter.Seq2[T, error], broken error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for element, err := range list {
			if !yield(element, err) {
				return
			}
			break
		}
		var none T
		yield(none, broken)
	}
}

// The lists of these end half-way.
type (
	halfFleet struct {
		hookedFleet
		broken error
	}
	halfZone struct {
		hookedZone
		broken error
	}
	halfStore struct {
		hookedStore
		broken error
	}
)

func (f halfFleet) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	return halfway(f.hookedFleet.List(ctx), f.broken)
}

func (z halfZone) List(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
	return halfway(z.hookedZone.List(ctx), z.broken)
}

func (s halfStore) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return halfway(s.hookedStore.List(ctx, f), s.broken)
}

// failingCall makes all calls of this name fail.
func failingCall(name string) func(*world, *binder.Backends, error) {
	return func(w *world, _ *binder.Backends, broken error) {
		w.hook = func(call string, do func() error) error {
			if call == name {
				return broken
			}
			return do()
		}
	}
}

// breaks are the reads of a sweep that may fail, or end half-way.
func breaks() map[string]func(*world, *binder.Backends, error) {
	return map[string]func(*world, *binder.Backends, error){
		"fleet.List":     failingCall("fleet.List"),
		"fleet.Describe": failingCall("fleet.Describe"),
		"pool.List":      failingCall("pool.List"),
		"pool.Lookup":    failingCall("pool.Lookup"),
		"zone.List":      failingCall("zone.List"),
		"store.List":     failingCall("store.List"),
		"store.Paused":   failingCall("store.Paused"),
		"half a fleet.List": func(w *world, b *binder.Backends, broken error) {
			b.Fleet = halfFleet{hookedFleet{w}, broken}
		},
		"half a zone.List": func(w *world, b *binder.Backends, broken error) {
			b.Zone = halfZone{hookedZone{w}, broken}
		},
		"half a store.List": func(w *world, b *binder.Backends, broken error) {
			b.Store = halfStore{hookedStore{w}, broken}
		},
	}
}

// muchToDo leaves something of each kind for a sweep to do: a launch, a
// termination, an instance and an address that the lists leave out, a name that
// is missing, and one that is left over.
func muchToDo(t *testing.T, w *world) {
	b := w.binder()
	for n := range 6 {
		id := fmt.Sprintf("i-%d", n)
		w.launch(id)
		want(t, reconcile(t, b, id), binder.Bound)
	}
	time.Sleep(time.Hour)
	orphan := w.published("i-0")
	w.fleet.SetState("i-0", binder.Terminated)
	want(t, reconcile(t, b, "i-0"), binder.Unbound)
	if err := w.zone.Set(orphan); err != nil {
		t.Fatal(err)
	}
	w.fleet.SetState("i-1", binder.Terminated)
	w.fleet.Forget("i-2")
	w.pool.Remove(w.record("i-3").AllocationID)
	w.zone.Remove(dnspolicy.RRKey{Name: "i-4." + suffix, Type: "A"})
	w.fleet.SetState("i-5", binder.Stopped)
	w.launch("i-6")
	time.Sleep(time.Hour)
}

// changes are the calls that change something.
func changes(calls []string) []string {
	changing := []string{"pool.Associate", "pool.Disassociate", "pool.SetReverseName", "pool.ClearReverseName", "zone.Apply", "store.Put", "store.Delete"}
	return slices.DeleteFunc(calls, func(c string) bool { return !slices.Contains(changing, c) })
}

// A read that fails, or that ends half-way, ends the sweep before it has
// changed anything: what was not seen is not absent.
func TestSweepStopsAtAnyReadThatFails(t *testing.T) {
	kinds := map[string]error{
		"throttled":      errors.Join(binder.ErrThrottled, eippool.ErrThrottled, dnspolicy.ErrThrottled, store.ErrThrottled),
		"denied":         errors.Join(binder.ErrDenied, eippool.ErrDenied, dnspolicy.ErrDenied, store.ErrDenied),
		"something else": errors.New("the connection broke"),
	}
	for name, prepare := range breaks() {
		for kind, broken := range kinds {
			t.Run(strings.ReplaceAll(name+" "+kind, " ", "-"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, 8)
					muchToDo(t, w)
					before := fmt.Sprint(w.records(), w.zoneSets(), w.addresses())
					backends := binder.Backends{Fleet: hookedFleet{w}, Pool: hookedPool{w}, Policy: dnspolicy.InstanceID(), Zone: hookedZone{w}, Store: hookedStore{w}}
					prepare(w, &backends, broken)
					b, err := binder.New(backends, func(o *binder.Options) { o.Suffix = suffix })
					if err != nil {
						t.Fatal(err)
					}
					w.took()
					if _, err := b.Sweep(t.Context()); !errors.Is(err, broken) {
						t.Errorf("Sweep: %v", err)
					}
					if made := changes(w.took()); len(made) > 0 {
						t.Errorf("it called %v", made)
					}
					if after := fmt.Sprint(w.records(), w.zoneSets(), w.addresses()); after != before {
						t.Errorf("something was changed:\n%s\n%s", before, after)
					}
					w.hook = nil
					if sweep(t, w.binder()); len(changes(w.took())) == 0 {
						t.Error("there was nothing to change")
					}
				})
			})
		}
	}
}

// zoneSets is all that the zone holds.
func (w *world) zoneSets() []dnspolicy.RRSet {
	var sets []dnspolicy.RRSet
	for set, err := range w.zone.List(context.Background()) {
		if err != nil {
			w.t.Fatal(err)
		}
		sets = append(sets, set)
	}
	return sets
}

// An address that was released by hand may be anybody's: the name that points
// at it goes before the worker gets another one.
func TestNameOfAnAddressReleasedByHandGoesFirst(t *testing.T) {
	for name, policy := range map[string]dnspolicy.Policy{"by instance": dnspolicy.InstanceID(), "by address": dnspolicy.PerAddress(dnspolicy.DashedIP())} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				w.launch("i-1")
				b := w.binderWith(policy)
				want(t, reconcile(t, b, "i-1"), binder.Bound)
				lost, old := w.record("i-1").AllocationID, w.published("i-1")
				time.Sleep(time.Hour)
				w.pool.Remove(lost)
				want(t, reconcile(t, b, "i-1"), binder.NotReady)
				time.Sleep(5 * time.Minute)
				gone := false
				w.hook = func(_ string, do func() error) error {
					err := do()
					there, lookup := w.zone.Lookup(t.Context(), old.RRKey)
					gone = gone || errors.Is(lookup, dnspolicy.ErrNotFound)
					if gone && lookup == nil && there.Equal(old) {
						t.Error("the name points at the lost address again")
					}
					if r := w.record("i-1"); !gone && (r == nil || r.AllocationID != lost) {
						t.Errorf("the record is %+v while %v is still there", r, there)
					}
					return err
				}
				o := reconcile(t, b, "i-1")
				w.hook = nil
				want(t, o, binder.Bound)
				if r := w.record("i-1"); !gone || r.AllocationID == lost {
					t.Errorf("the name went: %v; record %+v", gone, r)
				}
				w.mustHold(t, 1)
			})
		})
	}
}

// blind is a store whose audit fails after these findings.
type blind struct {
	hookedStore
	found  []store.Discrepancy
	broken error
}

func (s blind) Audit(context.Context, bool) ([]store.Discrepancy, error) { return s.found, s.broken }

// An audit that sees nothing stops the sweep before it has changed anything; one
// that could not mend all does not.
func TestSweepStopsAtAnAuditThatFails(t *testing.T) {
	for found, left := range map[string]store.Phase{"": store.Bound, "missing row": store.Free} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			bindThen(binder.Terminated)(t, w, w.binder())
			s := blind{hookedStore: hookedStore{w}, broken: errors.New("the scan failed")}
			if found != "" {
				s.found = []store.Discrepancy{{Kind: found}, {Kind: "stale row", Repaired: true}}
			}
			var told driftEvents
			b, err := binder.New(binder.Backends{
				Fleet: hookedFleet{w}, Pool: hookedPool{w}, Policy: dnspolicy.InstanceID(), Zone: hookedZone{w}, Store: s,
			}, func(o *binder.Options) { o.Suffix, o.Observer = suffix, &told })
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Sweep(t.Context()); !errors.Is(err, s.broken) {
				t.Errorf("Sweep = %v", err)
			}
			if want := map[string]string{"": "[]", "missing row": "[drift-found]"}[found]; fmt.Sprint(told.kinds) != want {
				t.Errorf("told of %v, want %s", told.kinds, want)
			}
			if records := w.records(); len(records) != 1 || records[0].Phase != left {
				t.Errorf("with %q found, the records are %+v, want one %s", found, records, left)
			}
		})
	}
}
