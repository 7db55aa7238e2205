package dynamostore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// staged is a DynamoDB on which something happens right before or after some
// calls, each once: "before Write 1" is right before the first transaction.
type staged struct {
	dynamostore.Client
	acts  map[string]func() error
	calls map[string]int
}

func (c *staged) stage(kind string, call func() error) error {
	if c.calls == nil {
		c.calls = map[string]int{}
	}
	c.calls[kind]++
	at := fmt.Sprintf("%s %d", kind, c.calls[kind])
	for _, do := range []func() error{c.act("before " + at), call, c.act("after " + at)} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

func (c *staged) act(at string) func() error {
	act, ok := c.acts[at]
	if !ok {
		return func() error { return nil }
	}
	return func() error { delete(c.acts, at); return act() }
}

func (c *staged) Scan(ctx context.Context, in *dynamodb.ScanInput, optFns ...func(*dynamodb.Options)) (out *dynamodb.ScanOutput, err error) {
	err = c.stage("Scan", func() error { out, err = c.Client.Scan(ctx, in, optFns...); return err })
	return out, err
}

func (c *staged) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, optFns ...func(*dynamodb.Options)) (out *dynamodb.BatchGetItemOutput, err error) {
	err = c.stage("Read", func() error { out, err = c.Client.BatchGetItem(ctx, in, optFns...); return err })
	return out, err
}

func (c *staged) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, optFns ...func(*dynamodb.Options)) (out *dynamodb.TransactWriteItemsOutput, err error) {
	err = c.stage("Write", func() error { out, err = c.Client.TransactWriteItems(ctx, in, optFns...); return err })
	return out, err
}

// What changes between the looks, or before the repair, is neither reported
// nor mended.
func TestAuditDoesNotReportWhatChanges(t *testing.T) {
	undrain := func(s *scene) { s.mustPut(func() { s.Draining = false }) }
	takeAgain := func(s *scene) {
		s.mustPut(func() { s.Phase, s.InstanceID, s.Name = store.Reserved, "i-1", "sfu.example.com." })
	}
	bindSecond := func(s *scene) {
		s.second(func(r *store.Record) { r.Phase, r.AssociationID = store.Bound, "eipassoc-2" })
	}
	stale := func(s *scene) {
		s.tables.put(records, itemOf(s.fullRow()).with(item{"AssociationId": str("eipassoc-9")}))
	}
	for title, test := range map[string]struct {
		setUp edit
		edits map[string]edit
	}{
		"shown between the scans":  {setUp: (*scene).drain, edits: map[string]edit{"before Scan 2": undrain}},
		"hidden between the scans": {edits: map[string]edit{"before Scan 2": (*scene).drain}},
		"freed between the scans":  {edits: map[string]edit{"before Scan 2": (*scene).free}},
		"hidden between the looks": {
			setUp: func(s *scene) { s.tables.remove(records, rowKey(name, ip)) },
			edits: map[string]edit{"after Scan 2": (*scene).drain},
		},
		"hidden in the second look": {
			setUp: (*scene).drain,
			edits: map[string]edit{"before Scan 2": undrain, "after Read 1": (*scene).drain}, // the record was visible, its row is gone
		},
		"freed in the second look": {
			setUp: func(s *scene) { s.tables.remove(bindings, pk("instance#i-1")) },
			edits: map[string]edit{"after Read 1": (*scene).free},
		},
		"guard mended in the second look": {
			setUp: func(s *scene) { s.tables.remove(bindings, pk("instance#i-1")) },
			edits: map[string]edit{"before Read 2": func(s *scene) { s.tables.put(bindings, guard("instance#i-1", "eipalloc-1")) }},
		},
		"guard names another by the second look": {
			setUp: func(s *scene) { s.tables.put(bindings, guard("instance#i-9", "eipalloc-9")) },
			edits: map[string]edit{"after Scan 2": func(s *scene) {
				s.tables.remove(bindings, pk("instance#i-9"))
				s.second(func(r *store.Record) { r.InstanceID = "i-9" })
			}},
		},
		"row that nothing explains, explained between the looks": {
			setUp: func(s *scene) {
				s.tables.put(records, itemOf(rowKey("two.example.com", "203.0.113.2")).with(item{"AllocationId": str("eipalloc-2")}))
			},
			edits: map[string]edit{"after Scan 2": bindSecond},
		},
		"ghost of an unknown address, bound between the looks": {
			setUp: func(s *scene) {
				s.tables.put(records, itemOf(rowKey("two.example.com", "203.0.113.2")).with(item{"allocated": flag(false)}))
			},
			edits: map[string]edit{"after Scan 2": bindSecond},
		},
		"row missing, hidden before the repair": {
			setUp: func(s *scene) { s.tables.remove(records, rowKey(name, ip)) },
			edits: map[string]edit{"before Write 1": (*scene).drain},
		},
		"row missing, made by a server before the repair": {
			setUp: func(s *scene) { s.tables.remove(records, rowKey(name, ip)) },
			edits: map[string]edit{"before Write 1": func(s *scene) { s.server.set(true) }},
		},
		"row stale, changed before the repair": {
			setUp: stale,
			edits: map[string]edit{"before Write 1": func(s *scene) {
				s.tables.put(records, itemOf(s.fullRow()).with(item{"AssociationId": str("eipassoc-8")}))
			}},
		},
		"row stale, removed before the repair": {
			setUp: stale,
			edits: map[string]edit{"before Write 1": (*scene).drain},
		},
		"row stale, of a record changed before the repair": {
			setUp: stale,
			edits: map[string]edit{"before Write 1": func(s *scene) {
				s.mustPut(func() { s.AvailabilityZone = "eu-central-1c" })
				s.tables.put(records, itemOf(s.fullRow()).with(item{"AvailabilityZone": str("eu-central-1b")}))
				stale(s)
			}},
		},
		"ghost, of another worker by the repair": {
			setUp: func(s *scene) { s.drain(); s.server.set(true) },
			edits: map[string]edit{"before Write 1": func(s *scene) {
				s.free()
				takeAgain(s)
				s.mustPut(func() { s.Phase, s.AssociationID = store.Bound, "eipassoc-2" })
				s.drain()
				s.server.set(true)
			}},
		},
		"ghost, shown before the repair": {
			setUp: func(s *scene) { s.drain(); s.server.set(true) },
			edits: map[string]edit{"before Write 1": undrain},
		},
		"ghost, its flag changed before the repair": {
			setUp: func(s *scene) { s.drain(); s.server.set(true) },
			edits: map[string]edit{"before Write 1": func(s *scene) { s.server.set(false) }},
		},
		"ghost of nothing, bound before the repair": {
			setUp: func(s *scene) { s.free(); s.server.set(false) },
			edits: map[string]edit{"before Write 1": func(s *scene) {
				takeAgain(s)
				s.mustPut(func() { s.Phase, s.AssociationID = store.Bound, "eipassoc-2" })
				s.drain()
				s.server.set(false) // as seen, but it stands for the worker by now
			}},
		},
		"ghost of an unknown address, bound before the repair": {
			setUp: func(s *scene) {
				s.tables.put(records, itemOf(rowKey("two.example.com", "203.0.113.2")).with(item{"allocated": flag(false)}))
			},
			edits: map[string]edit{"before Write 1": bindSecond},
		},
		"guard missing, freed before the repair": {
			setUp: func(s *scene) { s.tables.remove(bindings, pk("instance#i-1")) },
			edits: map[string]edit{"before Write 1": (*scene).free},
		},
		"guard missing, taken before the repair": {
			setUp: func(s *scene) { s.tables.remove(bindings, pk("instance#i-1")) },
			edits: map[string]edit{"before Write 1": func(s *scene) {
				s.second(func(r *store.Record) { r.InstanceID = "i-1" })
			}},
		},
		"guard of another, changed before the repair": {
			setUp: func(s *scene) { s.tables.put(bindings, guard("instance#i-1", "eipalloc-9")) },
			edits: map[string]edit{"before Write 1": func(s *scene) { s.tables.put(bindings, guard("instance#i-1", "eipalloc-8")) }},
		},
		"guard of another, which holds it by the repair": {
			setUp: func(s *scene) {
				s.second(func(*store.Record) {})
				s.tables.put(bindings, guard("instance#i-1", "eipalloc-2"))
			},
			edits: map[string]edit{"before Write 1": func(s *scene) {
				r := s.list()[1]
				r.InstanceID, r.WriteID = "i-1", "write-2"
				if _, err := s.records.Put(s.Context(), r); err != nil {
					s.Error(err)
				}
			}},
		},
		"guard orphaned, taken before the repair": {
			setUp: func(s *scene) { s.free(); s.tables.put(bindings, guard("instance#i-1", "eipalloc-1")) },
			edits: map[string]edit{"before Write 1": takeAgain},
		},
		"guard orphaned, changed before the repair": {
			setUp: func(s *scene) { s.free(); s.tables.put(bindings, guard("instance#i-1", "eipalloc-1")) },
			edits: map[string]edit{"before Write 1": func(s *scene) { s.tables.put(bindings, guard("instance#i-1", "eipalloc-9")) }},
		},
	} {
		for _, repair := range []bool{false, true} {
			if _, ok := test.edits["before Write 1"]; ok && !repair {
				continue
			}
			t.Run(fmt.Sprintf("%s, repair %t", title, repair), func(t *testing.T) {
				s := newScene(t)
				test.setUp.on(s)
				client := &staged{Client: s.server.client, acts: map[string]func() error{}}
				var changed []string
				for at, act := range test.edits {
					client.acts[at] = func() error { act(s); changed = s.tables.all(); return nil }
				}
				found, err := newStore(t, client, onFirstTables).Audit(t.Context(), repair)
				if err != nil || len(found) > 0 {
					t.Errorf("Audit = %+v, %v, want nothing", found, err)
				}
				if len(client.acts) > 0 {
					t.Errorf("not all of the edits were made: the test proves nothing")
				}
				if diff := cmp.Diff(changed, s.tables.all()); diff != "" {
					t.Errorf("the audit changed the tables:\n%s", diff)
				}
			})
		}
	}
}

// A comparison that is not whole mends nothing.
func TestAuditThatFails(t *testing.T) {
	down := errors.New("the network is down")
	for _, at := range []string{"before Scan 1", "before Scan 2", "before Scan 3", "before Scan 4", "before Read 1", "before Read 2", "before Read 3", "before Read 4"} {
		t.Run(at, func(t *testing.T) {
			s := newScene(t)
			s.second(func(*store.Record) {})
			for n := range 3 { // two pages of each table
				s.tables.put(records, itemOf(rowKey(name, fmt.Sprintf("203.0.113.%d", 10+n))).with(item{"allocated": flag(true)}))
			}
			s.tables.remove(bindings, pk("instance#i-1"))
			damaged := s.tables.all()
			client := &staged{Client: smallPages{s.server.client}, acts: map[string]func() error{at: func() error { return down }}}
			found, err := newStore(t, client, onFirstTables).Audit(t.Context(), true)
			if !errors.Is(err, down) || len(client.acts) > 0 || len(found) > 0 || client.calls["Write"] > 0 {
				t.Errorf("Audit = %v, %v, with %d repairs, want the error and nothing else", found, err, client.calls["Write"])
			}
			if diff := cmp.Diff(damaged, s.tables.all()); diff != "" {
				t.Errorf("the tables were changed:\n%s", diff)
			}
		})
	}
}

// One repair that fails does not stop the others, and all are told.
func TestAuditWithARepairThatFails(t *testing.T) {
	s := newScene(t)
	s.tables.remove(bindings, pk("instance#i-1"))
	s.tables.remove(bindings, pk("name#sfu.example.com."))
	down := errors.New("the network is down")
	client := &staged{Client: s.server.client, acts: map[string]func() error{"before Write 1": func() error { return down }}}
	found, err := newStore(t, client, onFirstTables).Audit(t.Context(), true)
	if !errors.Is(err, down) || len(found) != 2 || found[0].Repaired || !found[1].Repaired {
		t.Errorf("Audit = %+v, %v, want two guards, of which the second is mended, and the error", found, err)
	}
}

func TestAuditEndsWithItsContext(t *testing.T) {
	s := newScene(t)
	s.tables.remove(bindings, pk("instance#i-1"))
	for _, at := range []string{"before Scan 1", "after Scan 2", "after Read 2", "before Write 1"} {
		ctx, cancel := context.WithCancel(t.Context())
		client := &staged{Client: s.server.client, acts: map[string]func() error{at: func() error { cancel(); return nil }}}
		if found, err := newStore(t, client, onFirstTables).Audit(ctx, true); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled %s: Audit = %v, %v, want context.Canceled", at, found, err)
		}
		cancel()
	}
	s.finds(true, []store.Discrepancy{{Kind: "missing guard", AllocationID: "eipalloc-1", Detail: "instance#i-1 has no guard"}})
}

// Throttled and conflicting calls are made again.
func TestAuditWithFaults(t *testing.T) {
	s := newScene(t)
	s.records = newStore(t, &faulty{Client: s.server.client}, onFirstTables, func(o *dynamostore.Options) { o.RetryBase, o.RetryMax = 0, 0 })
	damages["everything at once"].before(s)
	damages["everything at once"].damage(s)
	s.finds(true, damages["everything at once"].want)
	s.finds(true, nil)
}

// Whatever binders and schedule servers do meanwhile, there is nothing to find.
func TestAuditBesideWriters(t *testing.T) {
	const writers, lives = 8, 12
	s := newScene(t)
	var group sync.WaitGroup
	for n := range writers {
		group.Go(func() {
			r := reserved()
			r.AllocationID, r.IP = fmt.Sprintf("eipalloc-w%d", n), netip.AddrFrom4([4]byte{203, 0, 114, byte(n)})
			for life := range lives {
				// Instances and names move from one writer's address to the next one's.
				r.InstanceID, r.Name = fmt.Sprintf("i-w%d", (n+life)%writers), fmt.Sprintf("w%d.example.com.", (n+life)%writers)
				r = s.live(r)
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	for audits := 0; ; audits++ {
		if found := s.audit(true); len(found) > 0 {
			t.Errorf("audit %d finds %+v", audits, found)
		}
		select {
		case <-done:
			t.Logf("%d audits beside %d lives", audits, writers*lives)
			return
		default:
		}
	}
}

// live takes a record through a life, and returns it as it is after that.
func (s *scene) live(r store.Record) store.Record {
	steps := []func(*store.Record){
		func(r *store.Record) { r.Phase = store.Reserved },
		func(r *store.Record) { r.Phase, r.AssociationID = store.Bound, "eipassoc-1" },
		func(r *store.Record) { r.Name = "renamed-" + r.Name },
		func(r *store.Record) { r.Draining = true },
		func(r *store.Record) { r.Draining = false },
		func(r *store.Record) { r.Phase, r.Forced = store.Releasing, true },
		func(r *store.Record) {
			r.Phase, r.InstanceID, r.Name, r.AssociationID, r.Forced = store.Free, "", "", "", false
		},
	}
	for _, step := range steps {
		step(&r)
		r.WriteID = rand.Text()
		stored, err := s.records.Put(s.Context(), r)
		if errors.Is(err, store.ErrConflict) { // the one who had the name is not done
			return s.without(r)
		}
		if err != nil {
			s.Errorf("Put(%s, %s): %v", r.AllocationID, r.Phase, err)
			return r
		}
		if r = stored; r.Visible() {
			_ = s.records.Acquire(s.Context(), r.AllocationID)
		} else if r.Draining {
			_ = s.records.Yield(s.Context(), r.AllocationID)
		}
	}
	return r
}

// without returns the record as it is stored, without keys.
func (s *scene) without(r store.Record) store.Record {
	found, err := s.records.Get(s.Context(), store.ByAddress(r.AllocationID))
	if err != nil {
		s.Error(err)
	}
	r.Version = 0
	for _, stored := range found {
		r = stored
	}
	return r
}
