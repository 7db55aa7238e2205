package sqlstore_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/sqlstore"
	"github.com/eipbinder/eipbinder/store/sqlstore/sqlitedb"
)

// boundRecord has something in every field that a Bound record may have.
const boundRecord = `{
	"allocationId": "eipalloc-1", "ip": "203.0.113.1", "binderId": "media", "phase": "bound", "version": 3, "writeId": "w3",
	"instanceId": "i-1", "networkInterfaceId": "eni-1", "name": "sfu.example.com.", "availabilityZone": "eu-central-1a",
	"tags": {"team": "media", "": "\u0000"}, "reverseName": "sfu.example.com.",
	"owner": "one", "leaseUntil": "2026-11-11T21:29:54Z", "attemptedAt": "2026-11-11T21:29:54.123456789+05:30", "removalAt": "0000-01-01T00:00:00Z",
	"associationId": "eipassoc-1", "rrsets": [{"name": "sfu.example.com.", "type": "A", "ttl": 60000000000, "values": ["203.0.113.1"]},
	{"name": "all.example.com.", "type": "A", "setIdentifier": "eipalloc-1", "ttl": -1, "values": []}, {"name": "", "type": "", "ttl": 0, "values": null}],
	"propagation": "/change/C1", "inSync": true, "unpublished": true, "keepName": true,
	"boundAt": "9999-12-31T23:59:59-23:59", "draining": true, "allocated": true, "forced": true, "reason": "\"it's\" <drained>\u2028",
	"firstSeen": {"foreign name": "2026-11-11T21:29:54Z"}
}`

// FuzzRow has any text where a row has its record: it is a valid record of the
// address, with the version and the flag of their columns, or ErrInvalid. What is stored of a
// record is read as the same record.
func FuzzRow(f *testing.F) {
	for _, seed := range []string{
		boundRecord,
		`{"allocationId": "a", "ip": "0.0.0.0", "phase": "free", "lastInstanceId": "i", "freedAt": "2026-11-11T21:29:54Z", "fencedUntil": "2026-11-11T21:29:54.1Z"}`,
		strings.ReplaceAll(boundRecord, "203.0.113.1", "203.0.113"), strings.ReplaceAll(boundRecord, "2026-11-11T21", "2026-11-11 21"),
		strings.ReplaceAll(boundRecord, `"bound"`, `7`), strings.ReplaceAll(boundRecord, "media", "\xff"), boundRecord[:100], boundRecord + "{}",
		`{"IP": "::1%eth0", "Phase": "lost", "tags": {"a": null}, "rrsets": [null], "unknown": {"a": 1e400}}`,
		`{"version": 7.5}`, `{"version": 1e400}`, `{"ttl": "1m"}`, "", "null", "{}", "[]", `"text"`, "1", "\x00", "{\x00}", strings.Repeat("[", 10001),
	} {
		f.Add(seed, int64(1), false)
		f.Add(seed, int64(7), true)
	}
	f.Add(boundRecord, int64(-1<<63), true)
	db, err := sqlitedb.Open(filepath.Join(f.TempDir(), "records.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	s, err := sqlstore.New(db, sqlstore.SQLite)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, version int64, allocated bool) {
		got, err := s.ReadRow(t.Context(), "eipalloc-1", version, 0, text, allocated, true)
		var want store.Record
		unreadable := json.Unmarshal([]byte(text), &want)
		want.Version, want.Allocated = version, allocated
		if unreadable != nil || want.AllocationID != "eipalloc-1" || want.Validate() != nil {
			if got != nil || !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "stored record of eipalloc-1") {
				t.Errorf("%q: %+v, %v; want ErrInvalid", text, got, err)
			}
			return
		}
		same(t, got, err, want)

		stored, err := sqlstore.Encode(want)
		if err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		var kept struct{ Allocated bool }
		if err := json.Unmarshal([]byte(stored), &kept); err != nil || kept.Allocated {
			t.Errorf("stored is %s, %v; the flag has a column of its own", stored, err)
		}
		got, err = s.ReadRow(t.Context(), "eipalloc-1", version, 0, stored, allocated, true)
		same(t, got, err, want)
	})
}

// A row without a record is that of one that was deleted.
func TestRowOfADeletedRecord(t *testing.T) {
	if got, err := newSQLite(t).store(t).ReadRow(t.Context(), "eipalloc-1", 7, 6, nil, false, true); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func same(t *testing.T, got *store.Record, err error, want store.Record) {
	t.Helper()
	if err != nil || got == nil || asJSON(t, *got) != asJSON(t, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
}

func asJSON(t *testing.T, r store.Record) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
