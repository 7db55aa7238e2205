package dynamostore_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

func adoptable() store.Record {
	r := reserved()
	r.Phase, r.AssociationID = store.Bound, "eipassoc-1"
	return r
}

func rowsOf(t *testing.T, s *dynamostore.Store) []store.Row {
	t.Helper()
	var rows []store.Row
	for row, err := range s.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// A row of the prototype becomes the record's, and keeps its flag and whatever
// else is in it; one that is not there is made.
func TestAdoptKeepsTheFlag(t *testing.T) {
	for name, test := range map[string]struct {
		row  item
		want bool
	}{
		"allocated":           {item{"AssociationId": str("eipassoc-1"), "allocated": flag(true), "Room": str("7")}, true},
		"not allocated":       {item{"AssociationId": str("eipassoc-1"), "allocated": flag(false)}, false},
		"no flag":             {item{"AssociationId": str("eipassoc-1")}, false},
		"no row":              {nil, false},
		"an earlier worker's": {item{"AssociationId": str("eipassoc-0"), "allocated": flag(true)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			stores := newStores(parts.Dynoxide(t))
			s, x := stores.with(t, stores.client), tables{t, stores.client}
			var want []store.Row
			if test.row != nil {
				x.put("records_1", itemOf(rowKey("sfu.example.com", "203.0.113.1")).with(test.row))
				stored := test.row["AssociationId"].(*types.AttributeValueMemberS).Value
				want = []store.Row{{IP: netip.MustParseAddr("203.0.113.1"), Name: "sfu.example.com.", AssociationID: stored, Allocated: test.row["allocated"] != nil && test.row["allocated"].(*types.AttributeValueMemberBOOL).Value}}
			}
			if diff := cmp.Diff(want, rowsOf(t, s), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			for range 2 { // the second is one whose reply was lost
				got, err := s.Adopt(t.Context(), adoptable())
				if err != nil || got.Allocated != test.want || got.Version != 1 {
					t.Fatalf("Adopt = %+v, %v, want the flag %t", got, err, test.want)
				}
			}
			records, err := s.Get(t.Context(), store.ByName("sfu.example.com."))
			if err != nil || len(records) != 1 || records[0].Allocated != test.want {
				t.Errorf("Get = %+v, %v, want the flag %t", records, err, test.want)
			}
			if rows := rowsOf(t, s); len(rows) != 0 {
				t.Errorf("rows that name no instance: %+v", rows)
			}
			if kept := x.get("records_1", rowKey("sfu.example.com", "203.0.113.1"))["Room"]; (kept != nil) != (test.row["Room"] != nil) {
				t.Errorf("what else is in the row: %v", kept)
			}
			if found, err := s.Audit(t.Context(), false); err != nil || len(found) != 0 {
				t.Errorf("Audit = %+v, %v, want nothing", found, err)
			}
		})
	}
}

func TestAdoptRefuses(t *testing.T) {
	stores := newStores(parts.Dynoxide(t))
	s, x := stores.with(t, stores.client), tables{t, stores.client}
	for _, change := range []func(*store.Record){
		func(r *store.Record) { r.Phase = store.Reserved },
		func(r *store.Record) { r.Version = 1 },
		func(r *store.Record) { r.BinderID = "" },
	} {
		r := adoptable()
		change(&r)
		if _, err := s.Adopt(t.Context(), r); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Adopt(%+v): %v, want ErrInvalid", r, err)
		}
	}
	if all := x.all(); len(all) != 0 {
		t.Errorf("a refused record left %q", all)
	}
	if _, err := s.Put(t.Context(), adoptable()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*store.Record){
		"address":  func(*store.Record) {},
		"instance": func(r *store.Record) { r.AllocationID, r.Name = "eipalloc-2", "two.example.com." },
		"name":     func(r *store.Record) { r.AllocationID, r.InstanceID = "eipalloc-2", "i-2" },
	} {
		r := adoptable()
		r.WriteID = "write-9"
		change(&r)
		before := x.all()
		_, err := s.Adopt(t.Context(), r)
		var conflict *store.ConflictError
		if !errors.As(err, &conflict) || string(conflict.Key.Kind) != name || conflict.Holder == nil {
			t.Errorf("%s is held: %v, want the conflict with its holder", name, err)
		}
		if diff := cmp.Diff(before, x.all()); diff != "" {
			t.Errorf("%s is held: the tables were changed:\n%s", name, diff)
		}
	}
}

// A row that cannot be an address's is an error, not left out.
func TestRowsThatCannotBeRead(t *testing.T) {
	stores := newStores(parts.Dynoxide(t))
	s, x := stores.with(t, stores.client), tables{t, stores.client}
	x.put("records_1", rowKey("sfu.example.com", "no address"))
	var failed error
	for _, err := range s.Rows(t.Context()) {
		failed = err
	}
	if !errors.Is(failed, store.ErrInvalid) {
		t.Errorf("%v, want ErrInvalid", failed)
	}
}
