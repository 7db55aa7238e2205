package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eipbinder/eipbinder/internal/suite"
	"github.com/eipbinder/eipbinder/store"
)

// fixture is a store, and how schedule servers set its flag if it is no
// store.Registry.
type fixture struct {
	store        store.Store
	setAllocated func(ctx context.Context, s store.Store, r store.Record, allocated bool) error
}

// bench is a store under test with the steps that cases are made of. Each
// step that has no error to return ends the case if it fails.
type bench struct {
	suite.T
	store store.Store
	set   func(ctx context.Context, r store.Record, allocated bool) error
}

func newBench(t suite.T, f fixture) *bench {
	set := func(ctx context.Context, r store.Record, allocated bool) error {
		if f.setAllocated == nil {
			return errors.New("storetest: the store is not a store.Registry and Options.SetAllocated is not set")
		}
		return f.setAllocated(ctx, f.store, r, allocated)
	}
	if registry, ok := f.store.(store.Registry); ok {
		set = func(ctx context.Context, r store.Record, allocated bool) error {
			if allocated {
				return registry.Acquire(ctx, r.AllocationID)
			}
			return registry.Yield(ctx, r.AllocationID)
		}
	}
	return &bench{T: t, store: f.store, set: set}
}

func (b *bench) registry() store.Registry { return optionally[store.Registry](b) }

// optionally returns the store as what it may be in addition, or skips the
// case.
func optionally[I any](b *bench) I {
	i, ok := b.store.(I)
	if !ok {
		b.Skipf("the store is no %s", reflect.TypeFor[I]())
	}
	return i
}

// free returns a valid record of the n-th address, which is Free and new.
func free(n int) store.Record {
	return store.Record{
		AllocationID: fmt.Sprintf("eipalloc-%04d", n),
		IP:           netip.AddrFrom4([4]byte{198, 18, byte(n >> 8), byte(n)}),
		BinderID:     "storetest",
		Phase:        store.Free,
		WriteID:      rand.Text(),
	}
}

// reserved returns a valid new record of the n-th address, reserved for the
// n-th instance under the n-th name.
func reserved(n int) store.Record {
	r := free(n)
	r.Phase, r.InstanceID, r.Name = store.Reserved, "i-"+strconv.Itoa(n), fmt.Sprintf("w%d.example.com.", n)
	return r
}

// kept is Free, with a name that stays.
func kept(n int) store.Record {
	r := free(n)
	r.KeepName, r.Name = true, fmt.Sprintf("w%d.example.com.", n)
	return r
}

// bound is reserved one phase on.
func bound(n int) store.Record {
	r := reserved(n)
	r.Phase, r.AssociationID = store.Bound, "eipassoc-"+strconv.Itoa(n)
	return r
}

// full returns a record that has something in every field that Put keeps.
func full() store.Record {
	r := bound(1)
	at := time.Date(2026, 11, 1, 12, 0, 0, 123456789, time.UTC)
	r.NetworkInterfaceID, r.AvailabilityZone = "eni-1", "eu-central-1b"
	r.Tags = map[string]string{"pool": "media", "empty": ""}
	r.Owner, r.LeaseUntil, r.AttemptedAt, r.BoundAt = "worker-1", at, at.Add(1), at.Add(2)
	r.RRSets = []store.RRSet{
		{Name: r.Name, Type: "A", TTL: time.Minute, Values: []string{r.IP.String()}},
		{Name: r.Name, Type: "TXT", SetIdentifier: "one", TTL: time.Hour, Values: []string{`"a"`, `"b\"c"`}},
	}
	r.Propagation, r.InSync, r.Unpublished, r.KeepName = "C123", true, true, true
	r.ReverseName = "i-1.media.example.com."
	r.Forced, r.Reason, r.LastInstanceID = true, "because", "i-0"
	r.FreedAt, r.ReusableAt, r.FencedUntil, r.RemovalAt = at.Add(3), at.Add(4), at.Add(5), at.Add(6)
	r.FirstSeen = map[string]time.Time{"oddity": at.Add(5)}
	return r
}

// next returns the record changed, as the next write of it.
func next(r store.Record, change func(*store.Record)) store.Record {
	r = r.Clone()
	r.WriteID = rand.Text()
	change(&r)
	return r
}

// freed returns the record as the write that frees it.
func freed(r store.Record) store.Record {
	return next(r, func(r *store.Record) {
		r.Phase, r.InstanceID, r.Name, r.AssociationID, r.Forced = store.Free, "", "", "", false
	})
}

// phase returns a change to that phase.
func phase(p store.Phase) func(*store.Record) { return func(r *store.Record) { r.Phase = p } }

// draining returns a change of the flag Draining.
func draining(on bool) func(*store.Record) { return func(r *store.Record) { r.Draining = on } }

func (b *bench) put(r store.Record) store.Record {
	b.Helper()
	stored, err := b.store.Put(b.Context(), r)
	if err != nil {
		b.Fatalf("Put(%s, %s, version %d): %v", r.AllocationID, r.Phase, r.Version, err)
	}
	return stored
}

func (b *bench) delete(r store.Record) {
	b.Helper()
	if err := b.store.Delete(b.Context(), r); err != nil {
		b.Fatalf("Delete(%s, version %d): %v", r.AllocationID, r.Version, err)
	}
}

func (b *bench) get(keys ...store.Key) []store.Record {
	b.Helper()
	records, err := b.store.Get(b.Context(), keys...)
	if err != nil {
		b.Fatalf("Get(%v): %v", keys, err)
	}
	return records
}

// list returns what List yields, in its order.
func (b *bench) list(f store.Filter) []store.Record {
	b.Helper()
	var records []store.Record
	for r, err := range b.store.List(b.Context(), f) {
		if err != nil {
			b.Fatalf("List(%v): %v", f, err)
		}
		records = append(records, r)
	}
	return records
}

func (b *bench) setFlag(r store.Record, allocated bool) {
	b.Helper()
	if err := b.set(b.Context(), r, allocated); err != nil {
		b.Fatalf("setting the flag of %s to %t: %v", r.AllocationID, allocated, err)
	}
}

// allocated is put into Bound, and acquired.
func (b *bench) allocated(n int) store.Record {
	b.Helper()
	r := b.put(bound(n))
	b.setFlag(r, true)
	return r
}

// holds checks that Get finds this under the keys, and nothing else.
func (b *bench) holds(keys []store.Key, want ...store.Record) {
	b.Helper()
	if diff := difference(want, b.get(keys...)); diff != "" {
		b.Errorf("Get(%v) (- wanted, + got):\n%s", keys, diff)
	}
}

// stands checks that the record is stored like this under all of its keys.
func (b *bench) stands(r store.Record) {
	b.Helper()
	for _, key := range r.Keys() {
		b.holds([]store.Key{key}, r)
	}
}

// difference compares records as a caller sees them: nil and empty are the
// same.
func difference(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }))
}

// refused checks that Put fails with this error.
func (b *bench) refused(r store.Record, want error) {
	b.Helper()
	if _, err := b.store.Put(b.Context(), r); !errors.Is(err, want) {
		b.Errorf("Put(%s, %s, version %d) = %v, want the error %q", r.AllocationID, r.Phase, r.Version, err, want)
	}
}

// conflicts checks that Put fails with a conflict about the key, held by
// holder (nil: by nobody).
func (b *bench) conflicts(r store.Record, key store.Key, holder *store.Record) {
	b.Helper()
	_, err := b.store.Put(b.Context(), r)
	b.conflict(err, key, holder)
}

func (b *bench) conflict(err error, key store.Key, holder *store.Record) {
	b.Helper()
	var conflict *store.ConflictError
	if !errors.Is(err, store.ErrConflict) || !errors.As(err, &conflict) {
		b.Errorf("got the error %v, want a *ConflictError about %s", err, key)
		return
	}
	if conflict.Key != key {
		b.Errorf("the conflict is about %s, want %s", conflict.Key, key)
	}
	if diff := difference(holder, conflict.Holder); diff != "" {
		b.Errorf("the conflict's holder (- wanted, + got):\n%s", diff)
	}
}
