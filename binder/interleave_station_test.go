package binder_test

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// footprint is an external call, or a step of the world, and what it reads and
// writes. Resources are paths, and a path covers those below it: "pool" is all
// addresses, "pool/eipalloc-000" is one of them.
type footprint struct {
	name, arg     string
	reads, writes []string
}

func (f footprint) String() string { return strings.TrimSpace(f.name + " " + f.arg) }

// everything is the resource that covers all others, time among them.
const everything = ""

// commutes reports whether the two lead to the same state and give the same
// answers in either order: neither writes what the other reads or writes.
func (f footprint) commutes(g footprint) bool {
	return !overlap(f.writes, g.writes) && !overlap(f.writes, g.reads) && !overlap(f.reads, g.writes)
}

func overlap(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if covers(x, y) || covers(y, x) {
				return true
			}
		}
	}
	return false
}

func covers(a, b string) bool {
	return a == everything || a == b || strings.HasPrefix(b, a) && b[len(a)] == '/'
}

func paths(prefix string, ids ...string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = prefix + "/" + id
	}
	return out
}

// station stands between one worker and the world: every external call of the
// worker's binder stops here until the scheduler lets it go on.
type station struct {
	w    *world
	stop func(ctx context.Context, f footprint, do func() error) error
	// blind makes the store forget to compare versions: a defect on purpose.
	blind bool
	// timeless reports that no deadline lies near, so that it makes no difference
	// to anybody whether a little time has passed.
	timeless func() bool
}

func (s *station) binder(optFns ...func(*binder.Options)) *binder.Binder {
	b, err := binder.New(binder.Backends{
		Fleet: stationFleet{s}, Pool: stationPool{s}, Policy: dnspolicy.InstanceID(), Zone: stationZone{s}, Store: stationStore{s},
	}, append([]func(*binder.Options){func(o *binder.Options) { o.Suffix = suffix }}, optFns...)...)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return b
}

// stopped makes a call that has an answer. Once it has left the process it
// takes effect whatever becomes of its caller: hence the context without end.
func stopped[T any](ctx context.Context, s *station, f footprint, do func(context.Context) (T, error)) (T, error) {
	var answer T
	err := s.stop(ctx, f, func() (err error) { answer, err = do(context.WithoutCancel(ctx)); return err })
	if err != nil {
		var none T
		return none, err
	}
	return answer, nil
}

// stoppedList makes a list one call, which takes a snapshot.
func stoppedList[T any](ctx context.Context, s *station, f footprint, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		all, err := stopped(ctx, s, f, func(context.Context) (all []T, err error) {
			for item, err := range list {
				if err != nil {
					return nil, err
				}
				all = append(all, item)
			}
			return all, nil
		})
		for _, item := range all {
			if !yield(item, nil) {
				return
			}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

type stationFleet struct{ *station }

// A fleet shows which addresses the instances hold, so it reads the pool, too:
// calls to different backends commute, but not these.
func (s stationFleet) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	f := footprint{name: "fleet.Describe", arg: strings.Join(ids, " "), reads: append(paths("fleet", ids...), paths("held", ids...)...)}
	return stopped(ctx, s.station, f, func(ctx context.Context) ([]binder.Instance, error) { return s.w.fleet.Describe(ctx, ids...) })
}

func (s stationFleet) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	return stoppedList(ctx, s.station, footprint{name: "fleet.List", reads: []string{"fleet", "held"}}, s.w.fleet.List(context.WithoutCancel(ctx)))
}

type stationPool struct{ *station }

func (s stationPool) List(ctx context.Context) ([]eippool.Address, error) {
	return stopped(ctx, s.station, footprint{name: "pool.List", reads: []string{"pool"}}, s.w.pool.List)
}

func (s stationPool) Lookup(ctx context.Context, ids ...string) ([]eippool.Address, error) {
	f := footprint{name: "pool.Lookup", arg: strings.Join(ids, " "), reads: paths("pool", ids...)}
	return stopped(ctx, s.station, f, func(ctx context.Context) ([]eippool.Address, error) { return s.w.pool.Lookup(ctx, ids...) })
}

// Associate depends on the address, on what the interface holds, and on the
// state of its instance.
func (s stationPool) Associate(ctx context.Context, id string, t eippool.Target) (string, error) {
	f := footprint{
		name: "pool.Associate", arg: id + " with " + t.InstanceID,
		reads: paths("fleet", t.InstanceID), writes: []string{"pool/" + id, "held/" + t.InstanceID},
	}
	return stopped(ctx, s.station, f, func(ctx context.Context) (string, error) { return s.w.pool.Associate(ctx, id, t) })
}

// Disassociate changes the address that has this association now. If none
// has, none ever will again, since these IDs are used once.
func (s stationPool) Disassociate(ctx context.Context, id string) error {
	f := footprint{name: "pool.Disassociate"}
	for _, a := range s.w.addresses() {
		if a.AssociationID == id {
			f.arg, f.writes = a.AllocationID+" from "+a.InstanceID, []string{"pool/" + a.AllocationID, "held/" + a.InstanceID}
		}
	}
	return s.stop(ctx, f, func() error { return s.w.pool.Disassociate(context.WithoutCancel(ctx), id) })
}

type stationZone struct{ *station }

func (s stationZone) Lookup(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
	f := footprint{name: "zone.Lookup", arg: key.Name, reads: paths("zone", key.Name)}
	return stopped(ctx, s.station, f, func(ctx context.Context) (dnspolicy.RRSet, error) { return s.w.zone.Lookup(ctx, key) })
}

func (s stationZone) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	f := footprint{name: "zone.Apply"}
	for _, c := range changes {
		verb := "republish"
		switch {
		case c.Before == nil:
			verb = "create"
		case c.After == nil:
			verb = "delete"
		}
		f.arg = strings.TrimSpace(f.arg + " " + verb + " " + c.Key().Name)
		f.writes = append(f.writes, "zone/"+c.Key().Name)
	}
	return stopped(ctx, s.station, f, func(ctx context.Context) (dnspolicy.Propagation, error) { return s.w.zone.Apply(ctx, changes) })
}

// Wait changes nothing but the time, and everything depends on the time,
// unless no deadline lies near.
func (s stationZone) Wait(ctx context.Context, p dnspolicy.Propagation) error {
	f := footprint{name: "zone.Wait", writes: []string{everything}}
	if s.timeless() {
		f.writes = nil
	}
	return s.stop(ctx, f, func() error { return s.w.zone.Wait(ctx, p) })
}

func (s stationZone) List(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
	return stoppedList(ctx, s.station, footprint{name: "zone.List", reads: []string{"zone"}}, s.w.zone.List(context.WithoutCancel(ctx)))
}

type stationStore struct{ *station }

func keyPaths(keys []store.Key) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = "store/" + k.String()
	}
	return out
}

// Get shows a record by one of its keys, and whoever changes a record writes
// all of its keys.
func (s stationStore) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	f := footprint{name: "store.Get", arg: fmt.Sprint(keys), reads: keyPaths(keys)}
	return stopped(ctx, s.station, f, func(ctx context.Context) ([]store.Record, error) { return s.w.store.Get(ctx, keys...) })
}

// Put writes the keys that the record gets and those that it had. If what is
// stored now is of another version than the writer's, it will be so for good,
// since versions only grow: the Put then changes nothing, and only reads. What
// a conflict tells of the holder is covered by the key that they contend for.
func (s stationStore) Put(ctx context.Context, r store.Record) (store.Record, error) {
	f := footprint{name: "store.Put", arg: describeRecord(r), writes: keyPaths(r.Keys())}
	for _, old := range s.w.records() {
		switch {
		case old.AllocationID != r.AllocationID:
		case old.Version == r.Version || s.blind:
			f.writes = append(f.writes, keyPaths(old.Keys())...)
		default:
			f.reads, f.writes = f.writes, nil
		}
	}
	return stopped(ctx, s.station, f, func(ctx context.Context) (store.Record, error) {
		if s.blind {
			r.Version = s.w.version(r.AllocationID)
		}
		return s.w.store.Put(ctx, r)
	})
}

// version returns the stored version of the address's record.
func (w *world) version(allocationID string) int64 {
	for _, r := range w.records() {
		if r.AllocationID == allocationID {
			return r.Version
		}
	}
	return 0
}

func describeRecord(r store.Record) string {
	words := []string{r.AllocationID, string(r.Phase), r.InstanceID, fmt.Sprintf("over version %d", r.Version)}
	if r.Owner != "" {
		words = append(words, "with lease")
	}
	return strings.Join(words, " ")
}

func (s stationStore) Delete(ctx context.Context, r store.Record) error {
	f := footprint{name: "store.Delete", arg: r.AllocationID, writes: keyPaths(r.Keys())}
	return s.stop(ctx, f, func() error { return s.w.store.Delete(context.WithoutCancel(ctx), r) })
}

func (s stationStore) List(ctx context.Context, filter store.Filter) iter.Seq2[store.Record, error] {
	return stoppedList(ctx, s.station, footprint{name: "store.List", reads: []string{"store"}}, s.w.store.List(context.WithoutCancel(ctx), filter))
}

// The pause switch is no part of these races: it is read, and never set.

func (s stationStore) Pause(context.Context, string) error { return store.ErrDenied }

func (s stationStore) Resume(context.Context) error { return store.ErrDenied }

func (s stationStore) Paused(ctx context.Context) (bool, string, error) {
	return false, "", s.stop(ctx, footprint{name: "store.Paused", reads: []string{"pause"}}, func() error { return nil })
}
