package dynamostore_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eipbinder/eipbinder/store"
)

const name, ip = "sfu.example.com", "203.0.113.1" // of the first worker

// scene is a worker, a schedule server, and somebody who edits the tables.
type scene struct {
	*worker
	server legacy
	tables tables
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w, server := newWorker(t)
	return &scene{w, server, tables{t, server.client}}
}

func (s *scene) audit(repair bool) []store.Discrepancy {
	s.Helper()
	found, err := s.records.Audit(s.Context(), repair)
	if err != nil {
		s.Fatalf("Audit: %v", err)
	}
	return found
}

func (s *scene) drain() { s.mustPut(func() { s.Draining = true }) }

func (s *scene) free() {
	s.mustPut(func() { s.Phase, s.Forced = store.Releasing, true })
	s.mustPut(func() {
		s.Phase, s.InstanceID, s.Name, s.AssociationID, s.Forced, s.Draining = store.Free, "", "", "", false, false
	})
}

// second stores another record, which is reserved for i-2 under two.example.com.
func (s *scene) second(change func(*store.Record)) store.Record {
	s.Helper()
	r := reserved()
	r.AllocationID, r.IP, r.InstanceID, r.Name = "eipalloc-2", r.IP.Next(), "i-2", "two.example.com."
	change(&r)
	r, err := s.records.Put(s.Context(), r)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// fullRow is the first worker's row as it is now.
func (s *scene) fullRow() item { return s.tables.get(records, rowKey(name, ip)) }

// edit changes the tables, or a record.
type edit func(*scene)

// damages are all kinds of them. Mending leads back to what was before.
var damages = map[string]struct {
	before, damage edit
	flag           string // that the worker's record carries afterwards, if it changes
	want           []store.Discrepancy
}{
	"nothing": {
		before: func(s *scene) {
			s.second(func(*store.Record) {})
			if err := s.records.Pause(s.Context(), "the switch is no record and no guard"); err != nil {
				s.Fatal(err)
			}
		},
	},
	"nothing, of a deleted record": {
		before: func(s *scene) {
			s.free()
			if err := s.records.Delete(s.Context(), s.Record); err != nil {
				s.Fatal(err)
			}
		},
	},
	"row deleted": {
		damage: func(s *scene) { s.tables.remove(records, rowKey(name, ip)) },
		want:   []store.Discrepancy{{Kind: "missing row", AllocationID: "eipalloc-1", Detail: "no row 203.0.113.1 sfu.example.com"}},
	},
	"row edited": {
		before: func(s *scene) {
			s.server.set(true)
			s.tables.put(records, itemOf(s.fullRow()).with(item{"Server": str("the schedule server's own")}))
		},
		damage: func(s *scene) {
			changed := itemOf(s.fullRow()).with(item{"AssociationId": str("eipassoc-9"), "Tags": str("none")})
			delete(changed, "BoundAt")
			s.tables.put(records, changed)
		},
		want: []store.Discrepancy{{
			Kind: "stale row", AllocationID: "eipalloc-1",
			Detail: "row 203.0.113.1 sfu.example.com: AssociationId differs from the record's, BoundAt is missing, Tags differs from the record's",
		}},
	},
	"row made of nothing, of a visible record": {
		before: func(s *scene) { s.server.set(true) },
		damage: func(s *scene) {
			s.tables.remove(records, rowKey(name, ip))
			s.server.set(true)
		},
		want: []store.Discrepancy{{
			Kind: "stale row", AllocationID: "eipalloc-1",
			Detail: "row 203.0.113.1 sfu.example.com: AllocationId is missing, AssociationId is missing, AvailabilityZone is missing, " +
				"BinderId is missing, BoundAt is missing, InstanceId is missing, Tags is missing",
		}},
	},
	"row without flag": {
		damage: func(s *scene) {
			changed := s.fullRow()
			delete(changed, "allocated")
			s.tables.put(records, changed)
		},
		want: []store.Discrepancy{{Kind: "stale row", AllocationID: "eipalloc-1", Detail: "row 203.0.113.1 sfu.example.com: allocated is missing"}},
	},
	"row under another name": {
		damage: func(s *scene) {
			s.tables.put(records, itemOf(s.fullRow()).with(rowKey("old.example.com", ip)))
		},
		want: []store.Discrepancy{{
			Kind: "stale row", AllocationID: "eipalloc-1",
			Detail: "row 203.0.113.1 old.example.com: the record is under the name sfu.example.com.",
		}},
	},
	"row of a draining worker put back": {
		before: (*scene).drain,
		damage: func(s *scene) {
			s.tables.put(records, rowKey(name, ip))
			s.tables.put(records, itemOf(s.fullRow()).with(item{"InstanceId": str("i-1"), "allocated": flag(false)}))
		},
		want: []store.Discrepancy{{
			Kind: "stale row", AllocationID: "eipalloc-1",
			Detail: "row 203.0.113.1 sfu.example.com: the record is bound and draining",
		}},
	},
	"row made of nothing, of a free record": {
		before: (*scene).free,
		damage: func(s *scene) { s.server.set(true) },
		want: []store.Discrepancy{{
			Kind: "ghost row", AllocationID: "eipalloc-1",
			Detail: "row 203.0.113.1 sfu.example.com: the record is free, and the row names no instance",
		}},
	},
	"row made of nothing, of a reserved record": {
		before: func(s *scene) {
			s.free()
			s.mustPut(func() { s.Phase, s.InstanceID, s.Name = store.Reserved, "i-2", "sfu.example.com." })
		},
		damage: func(s *scene) { s.server.set(true) },
		want: []store.Discrepancy{{
			Kind: "ghost row", AllocationID: "eipalloc-1",
			Detail: "row 203.0.113.1 sfu.example.com: the record is reserved, and the row names no instance",
		}},
	},
	"draining worker given back": {
		before: func(s *scene) {
			s.server.set(true)
			s.drain()
		},
		damage: func(s *scene) { s.server.set(false) },
		flag:   "false",
		want: []store.Discrepancy{{
			Kind: "ghost row", AllocationID: "eipalloc-1",
			Detail: "row 203.0.113.1 sfu.example.com: the record is bound and draining, and the row names no instance",
		}},
	},
	"draining worker given back, on an address of two records": {
		before: func(s *scene) {
			s.second(func(r *store.Record) { r.AllocationID, r.IP = "eipalloc-0", s.IP })
			s.server.set(true)
			s.drain()
		},
		damage: func(s *scene) { s.server.set(false) },
		flag:   "false",
		want: []store.Discrepancy{{
			Kind: "ghost row", AllocationID: "eipalloc-1",
			Detail: "row 203.0.113.1 sfu.example.com: the record is bound and draining, and the row names no instance",
		}},
	},
	"draining worker taken": {
		before: (*scene).drain,
		damage: func(s *scene) {
			s.tables.put(records, itemOf(rowKey(name, ip)).with(item{"allocated": str("yes")}))
		},
		flag: "true",
		want: []store.Discrepancy{{
			Kind: "ghost row", AllocationID: "eipalloc-1",
			Detail: "row 203.0.113.1 sfu.example.com: the record is bound and draining, and the row names no instance",
		}},
	},
	"row made of nothing, of an unknown address": {
		damage: func(s *scene) {
			s.tables.put(records, itemOf(rowKey(name, "203.0.113.9")).with(item{"allocated": flag(true)}))
		},
		want: []store.Discrepancy{{Kind: "ghost row", Detail: "row 203.0.113.9 sfu.example.com: no record is about this address"}},
	},
	"guard deleted": {
		damage: func(s *scene) { s.tables.remove(bindings, pk("instance#i-1")) },
		want:   []store.Discrepancy{{Kind: "missing guard", AllocationID: "eipalloc-1", Detail: "instance#i-1 has no guard"}},
	},
	"guard of an unknown address": {
		damage: func(s *scene) { s.tables.put(bindings, guard("name#sfu.example.com.", "eipalloc-9")) },
		want:   []store.Discrepancy{{Kind: "missing guard", AllocationID: "eipalloc-1", Detail: `name#sfu.example.com. is guarded for "eipalloc-9"`}},
	},
	"guard of another record": {
		before: func(s *scene) { s.second(func(*store.Record) {}) },
		damage: func(s *scene) { s.tables.put(bindings, guard("instance#i-1", "eipalloc-2")) },
		want:   []store.Discrepancy{{Kind: "missing guard", AllocationID: "eipalloc-1", Detail: `instance#i-1 is guarded for "eipalloc-2"`}},
	},
	"guard of nobody": {
		damage: func(s *scene) { s.tables.put(bindings, pk("instance#i-1")) },
		want:   []store.Discrepancy{{Kind: "missing guard", AllocationID: "eipalloc-1", Detail: `instance#i-1 is guarded for ""`}},
	},
	"guards without record": {
		before: func(s *scene) {
			s.free()
			if err := s.records.Delete(s.Context(), s.Record); err != nil {
				s.Fatal(err)
			}
		},
		damage: func(s *scene) {
			s.tables.put(bindings, guard("instance#i-1", "eipalloc-1"))
			s.tables.put(bindings, guard("instance#i-9", "eipalloc-9"))
			s.tables.put(bindings, pk("name#sfu.example.com."))
		},
		want: []store.Discrepancy{
			{Kind: "orphaned guard", Detail: `instance#i-1 is guarded for "eipalloc-1", which does not hold it`},
			{Kind: "orphaned guard", Detail: `instance#i-9 is guarded for "eipalloc-9", which does not hold it`},
			{Kind: "orphaned guard", Detail: `name#sfu.example.com. is guarded for "", which does not hold it`},
		},
	},
	"everything at once": {
		before: func(s *scene) { s.second(func(*store.Record) {}) },
		damage: func(s *scene) {
			s.tables.put(records, itemOf(rowKey(name, "203.0.113.9")).with(item{"allocated": flag(true)}))
			s.tables.put(records, itemOf(rowKey(name, "203.0.113.2")).with(item{"allocated": flag(true)}))
			s.tables.put(records, itemOf(rowKey("old.example.com", ip)).with(item{"InstanceId": str("i-0")}))
			s.tables.put(bindings, guard("instance#i-9", "eipalloc-1"))
			s.tables.remove(records, rowKey(name, ip))
			s.tables.remove(bindings, pk("instance#i-1"))
			s.tables.remove(bindings, pk("name#sfu.example.com."))
			s.tables.remove(bindings, pk("instance#i-2"))
		},
		want: []store.Discrepancy{
			{Kind: "ghost row", Detail: "row 203.0.113.9 sfu.example.com: no record is about this address"},
			{Kind: "missing guard", AllocationID: "eipalloc-1", Detail: "instance#i-1 has no guard"},
			{Kind: "missing guard", AllocationID: "eipalloc-1", Detail: "name#sfu.example.com. has no guard"},
			{Kind: "missing row", AllocationID: "eipalloc-1", Detail: "no row 203.0.113.1 sfu.example.com"},
			{Kind: "orphaned guard", AllocationID: "eipalloc-1", Detail: `instance#i-9 is guarded for "eipalloc-1", which does not hold it`},
			{Kind: "stale row", AllocationID: "eipalloc-1", Detail: "row 203.0.113.1 old.example.com: the record is under the name sfu.example.com."},
			{Kind: "ghost row", AllocationID: "eipalloc-2", Detail: "row 203.0.113.2 sfu.example.com: the record is reserved, and the row names no instance"},
			{Kind: "missing guard", AllocationID: "eipalloc-2", Detail: "instance#i-2 has no guard"},
		},
	},
}

func TestAuditFindsAndMends(t *testing.T) {
	for title, test := range damages {
		t.Run(title, func(t *testing.T) {
			s := newScene(t)
			test.before.on(s)
			healthy := s.tables.all()
			test.damage.on(s)
			damaged, listed := s.tables.all(), s.list()
			for range 2 {
				s.finds(false, test.want)
			}
			if diff := cmp.Diff(damaged, s.tables.all()); diff != "" {
				t.Errorf("an audit without repair changed the tables:\n%s", diff)
			}
			s.finds(true, test.want)
			s.finds(true, nil)
			if diff := cmp.Diff(listed, s.list(), comparer); diff != "" {
				t.Errorf("the repair changed the records, or their flags:\n%s", diff)
			}
			for n, line := range healthy {
				if test.flag != "" && strings.Contains(line, "address#eipalloc-1") {
					healthy[n] = regexp.MustCompile(`allocated=(true|false)`).ReplaceAllString(line, "allocated="+test.flag)
				}
			}
			if diff := cmp.Diff(healthy, s.tables.all()); diff != "" {
				t.Errorf("the tables after the repair (- wanted, + got):\n%s", diff)
			}
		})
	}
}

// What no record explains, or more than one, is not touched.
func TestAuditOnlyReportsWhatMayBeSomebodyElses(t *testing.T) {
	s := newScene(t)
	s.tables.put(records, itemOf(s.fullRow()).with(rowKey("other.example.com", "203.0.113.9")))
	s.tables.put(records, itemOf(rowKey("seed.example.com", "203.0.113.8")).with(item{"AssociationId": str("eipassoc-8"), "allocated": flag(false)}))
	s.tables.remove(bindings, pk("instance#i-1"))
	s.tables.remove(bindings, pk("name#sfu.example.com."))
	s.second(func(r *store.Record) { r.InstanceID, r.Name = "i-1", "sfu.example.com." })
	s.tables.remove(bindings, pk("name#sfu.example.com."))
	want := []store.Discrepancy{
		{Kind: "ghost row", Detail: "row 203.0.113.8 seed.example.com: no record is about this address"},
		{Kind: "ghost row", Detail: "row 203.0.113.9 other.example.com: no record is about this address"},
		{Kind: "missing guard", AllocationID: "eipalloc-1", Detail: `instance#i-1 is guarded for "eipalloc-2", and held by all of [eipalloc-1 eipalloc-2]`},
		{Kind: "missing guard", AllocationID: "eipalloc-1", Detail: "name#sfu.example.com. has no guard, and held by all of [eipalloc-1 eipalloc-2]"},
		{Kind: "missing guard", AllocationID: "eipalloc-2", Detail: "name#sfu.example.com. has no guard, and held by all of [eipalloc-1 eipalloc-2]"},
	}
	before := s.tables.all()
	found := s.audit(true)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("Audit (- wanted, + got):\n%s", diff)
	}
	if diff := cmp.Diff(before, s.tables.all()); diff != "" {
		t.Errorf("the tables were changed:\n%s", diff)
	}
}

func TestAuditReadsAllPages(t *testing.T) {
	s := newScene(t)
	s.records = newStore(t, smallPages{s.server.client}, onFirstTables)
	var want []store.Discrepancy
	for n := range 12 {
		r := s.second(func(r *store.Record) {
			r.AllocationID, r.IP = fmt.Sprintf("eipalloc-2%02d", n), netip.AddrFrom4([4]byte{203, 0, 113, byte(100 + n)})
			r.Phase, r.AssociationID = store.Bound, "eipassoc-2"
			r.InstanceID, r.Name = fmt.Sprintf("i-2%02d", n), fmt.Sprintf("w%d.example.com.", n)
		})
		s.tables.remove(records, rowKey(strings.TrimSuffix(r.Name, "."), r.IP.String()))
		want = append(want, store.Discrepancy{
			Kind: "missing row", AllocationID: r.AllocationID, Detail: fmt.Sprintf("no row %s w%d.example.com", r.IP, n),
		})
	}
	s.finds(true, want)
	s.finds(true, nil)
}

func (f edit) on(s *scene) {
	if f != nil {
		f(s)
	}
}

// finds audits and compares what is found.
func (s *scene) finds(repair bool, want []store.Discrepancy) {
	s.Helper()
	want = slices.Clone(want)
	for n := range want {
		want[n].Repaired = repair
	}
	if diff := cmp.Diff(want, s.audit(repair), cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("Audit(%t) (- wanted, + got):\n%s", repair, diff)
	}
}

var comparer = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func (s *scene) list() []store.Record {
	s.Helper()
	var all []store.Record
	for r, err := range s.records.List(s.Context(), store.Filter{}) {
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b store.Record) int { return strings.Compare(a.AllocationID, b.AllocationID) })
	return all
}
