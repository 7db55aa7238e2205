package store_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

func bound() store.Record {
	return store.Record{
		AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.1"), BinderID: "media", WriteID: "write-1",
		Phase: store.Bound, InstanceID: "i-1", Name: "sfu.example.com.", AssociationID: "eipassoc-1",
		Tags: map[string]string{"a": "b"}, FirstSeen: map[string]time.Time{"oddity": {}},
		RRSets: []store.RRSet{{Values: []string{"203.0.113.1"}}},
	}
}

func TestValidateNamesTheField(t *testing.T) {
	if err := bound().Validate(); err != nil {
		t.Errorf("a right record: %v", err)
	}
	for field, breakIt := range map[string]func(*store.Record){
		"AllocationID":  func(r *store.Record) { r.AllocationID = "" },
		"IP":            func(r *store.Record) { r.IP = netip.MustParseAddr("2001:db8::1") },
		"BinderID":      func(r *store.Record) { r.BinderID = "" },
		"WriteID":       func(r *store.Record) { r.WriteID = "" },
		"Version":       func(r *store.Record) { r.Version = -1 },
		"InstanceID":    func(r *store.Record) { r.InstanceID = "" },
		"Name":          func(r *store.Record) { r.Phase = store.Free; r.InstanceID = "" },
		"Phase":         func(r *store.Record) { r.Phase = "unknown" },
		"AssociationID": func(r *store.Record) { r.AssociationID = "" },
	} {
		r := bound()
		breakIt(&r)
		if err := r.Validate(); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: Validate = %v, want ErrInvalid that names the field", field, err)
		}
	}
}

func TestKeys(t *testing.T) {
	r := bound()
	want := []store.Key{store.ByAddress("eipalloc-1"), store.ByInstance("i-1"), store.ByName("sfu.example.com.")}
	if got := r.Keys(); !slices.Equal(got, want) {
		t.Errorf("Keys = %v, want %v", got, want)
	}
	r.Phase, r.InstanceID, r.KeepName = store.Free, "", true
	if got := r.Keys(); !slices.Equal(got, []store.Key{want[0], want[2]}) || r.Validate() != nil {
		t.Errorf("Keys of a Free record with a name that stays = %v, %v", got, r.Validate())
	}
	r.Name = ""
	if got := r.Keys(); !slices.Equal(got, want[:1]) || r.Validate() != nil {
		t.Errorf("Keys of a Free record = %v, %v", got, r.Validate())
	}
}

func TestCloneSharesNothing(t *testing.T) {
	r := bound()
	c := r.Clone()
	c.Tags["a"], c.RRSets[0].Values[0], c.RRSets[0].Name = "changed", "changed", "changed"
	c.FirstSeen["oddity"] = time.Unix(1, 0)
	if r.Tags["a"] != "b" || r.RRSets[0].Values[0] != "203.0.113.1" || r.RRSets[0].Name != "" || !r.FirstSeen["oddity"].IsZero() {
		t.Errorf("changing the clone changed the record: %+v", r)
	}
}

func TestVisibleAndLeased(t *testing.T) {
	r := bound()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	if !r.Visible() || r.Leased(now) {
		t.Error("a Bound record without owner is visible and not leased")
	}
	r.Draining, r.Owner, r.LeaseUntil = true, "worker", now
	if r.Visible() || r.Leased(now) || !r.Leased(now.Add(-1)) {
		t.Error("a draining record is hidden; a lease ends at LeaseUntil")
	}
}

func TestConflictError(t *testing.T) {
	r := bound()
	held := fmt.Errorf("wrapped: %w", &store.ConflictError{Key: store.ByName(r.Name), Holder: &r})
	if !errors.Is(held, store.ErrConflict) || errors.Is(held, store.ErrNotFound) {
		t.Errorf("%v is ErrConflict and nothing else", held)
	}
	for _, part := range []string{"name#sfu.example.com.", "eipalloc-1", "i-1"} {
		if !strings.Contains(held.Error(), part) {
			t.Errorf("%q does not say %q", held, part)
		}
	}
	if err := (&store.ConflictError{Key: store.ByName(r.Name)}); !strings.Contains(err.Error(), "name#sfu.example.com.") {
		t.Errorf("%q does not say the key", err)
	}
}
