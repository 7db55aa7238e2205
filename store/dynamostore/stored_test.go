package dynamostore_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// boundRecord has something in every field that a Bound record may have.
const boundRecord = `{
	"allocationId": "eipalloc-1", "ip": "203.0.113.1", "binderId": "media", "phase": "bound", "version": 7, "writeId": "w7",
	"instanceId": "i-1", "networkInterfaceId": "eni-1", "name": "sfu.example.com.", "availabilityZone": "eu-central-1a",
	"tags": {"team": "media", "": "\u0000"}, "reverseName": "sfu.example.com.",
	"owner": "one", "leaseUntil": "2026-11-11T21:29:54Z", "attemptedAt": "2026-11-11T21:29:54.123456789+05:30", "removalAt": "0000-01-01T00:00:00Z",
	"associationId": "eipassoc-1", "rrsets": [{"name": "sfu.example.com.", "type": "A", "ttl": 60000000000, "values": ["203.0.113.1"]},
	{"name": "all.example.com.", "type": "A", "setIdentifier": "eipalloc-1", "ttl": -1, "values": []}, {"name": "", "type": "", "ttl": 0, "values": null}],
	"propagation": "/change/C1", "inSync": true, "unpublished": true, "keepName": true,
	"boundAt": "9999-12-31T23:59:59-23:59", "draining": true, "allocated": true, "forced": true, "reason": "drained",
	"firstSeen": {"foreign name": "2026-11-11T21:29:54Z"}
}`

// FuzzRecord puts records: what validates is read as it was written, by each of
// its keys.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		boundRecord,
		`{"allocationId": "a", "ip": "0.0.0.0", "binderId": "b", "phase": "free", "writeId": "w", "lastInstanceId": "i", "freedAt": "2026-11-11T21:29:54Z"}`,
		`{"allocationId": "#", "ip": "1.2.3.4", "binderId": "b", "phase": "bound", "writeId": "w", "instanceId": "\ufffd", "name": "#.", "associationId": "a"}`,
		`{"allocationId": "|", "ip": "1.2.3.4", "binderId": "b", "phase": "reserved", "writeId": "w", "instanceId": "i", "name": "n.", "tags": {}}`,
		`{"allocationId": "a", "ip": "::ffff:1.2.3.4", "binderId": "b", "phase": "releasing", "writeId": "w", "instanceId": "i", "name": "n."}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r store.Record
		if json.Unmarshal([]byte(text), &r) != nil || r.Validate() != nil || r.Name == "." {
			return // the root is no server's name, and DynamoDB takes no empty key
		}
		s := atOnce(t, newFake())
		r.Version = 0
		put, err := s.Put(t.Context(), r)
		if err != nil {
			t.Fatalf("Put(%+v): %v", r, err)
		}
		want := r.Clone()
		want.Version, want.Allocated = 1, false
		same(t, "Put", []store.Record{put}, want)
		for _, key := range r.Keys() {
			got, err := s.Get(t.Context(), key)
			if err != nil {
				t.Fatalf("Get(%s): %v", key, err)
			}
			same(t, key.String(), got, want)
		}
		same(t, "List", listed(t, s), want)
		if found, err := s.Audit(t.Context(), false); err != nil || len(found) > 0 {
			t.Errorf("Audit = %v, %v", found, err)
		}
	})
}

// FuzzStoredItems has any record and other attributes in an address's item, and any
// attributes in its instance's guard and its row: they are a record that validates,
// none, or ErrInvalid.
func FuzzStoredItems(f *testing.F) {
	const (
		guard = `{"allocation_id": "eipalloc-1"}`
		row   = `{"AllocationId": "eipalloc-1", "InstanceId": "i-1", "allocated": true, "AcquireId": "a", "Tags": {}}`
	)
	visible := strings.ReplaceAll(boundRecord, `"draining": true`, `"draining": false`)
	for _, seed := range [][2]string{
		{visible, `{"version": 7, "base_version": 6, "write_id": "w7", "phase": "bound"}`},
		{boundRecord, `{"version": 7, "base_version": 6, "write_id": "w7", "phase": "bound", "allocated": true}`},
		{boundRecord, `{"version": 8, "phase": "bound", "allocated": false}`},
		{strings.ReplaceAll(visible, "eipalloc-1", "eipalloc-2"), `{"version": 7}`},
		{visible, `{"version": 6}`},
		{strings.ReplaceAll(visible, `"phase": "bound"`, `"phase": "lost"`), `{"version": 7}`},
		{`{"allocationId": "eipalloc-1"}`, `{}`}, {`null`, `{"version": 7.5}`}, {`[`, `{"version": "7"}`}, {``, `{"version": 7, "phase": "deleted"}`}, {``, `{"record": null}`},
	} {
		f.Add(seed[0], seed[1], guard, row)
		f.Add(seed[0], seed[1], `{"allocation_id": 1}`, `{"allocated": "yes", "AllocationId": [1, null, {"a": 1e400}]}`)
		f.Add(seed[0], seed[1], ``, `{"allocated": false}`)
		f.Add(seed[0], seed[1], `{"allocation_id": ""}`, ``)
	}
	f.Fuzz(func(t *testing.T, record, attributes, guard, row string) {
		c := newFake()
		address := pk("address#eipalloc-1")
		if record != "" {
			address["record"] = str(record)
		}
		c.store(bindings, attributes, address)
		c.store(bindings, guard, pk("instance#i-1"))
		c.store(bindings, guard, pk("switch#pause"))
		c.store(records, row, rowKey("sfu.example.com", "203.0.113.1"))
		s := atOnce(t, c)
		for _, key := range []store.Key{store.ByAddress("eipalloc-1"), store.ByInstance("i-1")} {
			got, err := s.Get(t.Context(), key)
			sound(t, key.String(), got, err)
		}
		var all []store.Record
		var failed error
		for r, err := range s.List(t.Context(), store.Filter{}) {
			if err != nil {
				failed = err
				break
			}
			all = append(all, r)
		}
		sound(t, "List", all, failed)
		if _, _, err := s.Paused(t.Context()); err != nil {
			t.Errorf("Paused: %v", err)
		}
		for _, r := range all {
			write(t, s, r)
		}
		if _, err := s.Audit(t.Context(), true); err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Audit: %v", err)
		}
	})
}

// atOnce returns a store on this client that waits for nothing.
func atOnce(t *testing.T, client dynamostore.Client) *dynamostore.Store {
	t.Helper()
	s, err := dynamostore.New(client, func(o *dynamostore.Options) {
		o.RecordTable, o.BindingTable, o.RetryBase, o.RetryMax = records, bindings, 0, 0
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// store adds an item with these attributes, in JSON, and fixed ones, its key among
// them; none if they are no object.
func (f *fake) store(table, attributes string, fixed item) {
	decoder := json.NewDecoder(strings.NewReader(attributes))
	decoder.UseNumber()
	var object map[string]any
	if decoder.Decode(&object) != nil || object == nil {
		return
	}
	i := attribute(object).(*types.AttributeValueMemberM).Value
	maps.Copy(i, fixed)
	if _, err := f.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &table, Item: i}); err != nil {
		panic(err)
	}
}

func attribute(v any) types.AttributeValue {
	switch v := v.(type) {
	case string:
		return str(v)
	case bool:
		return flag(v)
	case json.Number:
		return &types.AttributeValueMemberN{Value: v.String()}
	case []any:
		list := &types.AttributeValueMemberL{}
		for _, element := range v {
			list.Value = append(list.Value, attribute(element))
		}
		return list
	case map[string]any:
		object := item{}
		for name, element := range v {
			object[name] = attribute(element)
		}
		return &types.AttributeValueMemberM{Value: object}
	}
	return &types.AttributeValueMemberNULL{Value: true}
}

func listed(t *testing.T, s *dynamostore.Store) (all []store.Record) {
	t.Helper()
	for r, err := range s.List(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		all = append(all, r)
	}
	return all
}

func same(t *testing.T, what string, got []store.Record, want store.Record) {
	t.Helper()
	if diff := cmp.Diff([]store.Record{want}, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// sound checks what was read of the address eipalloc-1.
func sound(t *testing.T, what string, got []store.Record, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, store.ErrInvalid) || err != nil && len(got) > 0 || len(got) > 1 {
		t.Errorf("%s = %v, %v", what, got, err)
	}
	for _, r := range got {
		if err := r.Validate(); err != nil || r.AllocationID != "eipalloc-1" {
			t.Errorf("%s = %+v: %v", what, r, err)
		}
	}
}

// write makes every write of a record that was read.
func write(t *testing.T, s *dynamostore.Store, r store.Record) {
	t.Helper()
	next := r.Clone()
	next.WriteID, next.Draining = r.WriteID+"'", !r.Draining
	got, err := s.Put(t.Context(), next)
	if err != nil && !errors.Is(err, store.ErrAllocated) || err == nil && (got.Version <= r.Version || got.Allocated != r.Allocated && got.InstanceID != "") {
		t.Errorf("Put(%+v) = %+v, %v", next, got, err)
	}
	_ = s.Acquire(t.Context(), r.AllocationID)
	_ = s.Yield(t.Context(), r.AllocationID)
}
