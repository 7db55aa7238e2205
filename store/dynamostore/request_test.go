package dynamostore_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// reserved is a new record, reserved for i-1.
func reserved() store.Record {
	return store.Record{
		AllocationID: "eipalloc-1",
		IP:           netip.MustParseAddr("203.0.113.1"),
		BinderID:     "media",
		Phase:        store.Reserved,
		InstanceID:   "i-1",
		Name:         "sfu.example.com.",
		WriteID:      "write-0",
	}
}

func newStore(t *testing.T, client dynamostore.Client, optFns ...func(*dynamostore.Options)) *dynamostore.Store {
	t.Helper()
	records, err := dynamostore.New(client, optFns...)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestRequestsOfALife(t *testing.T) {
	const guard = `if attribute_not_exists(pk) OR allocation_id = "eipalloc-1"`
	const row = `record_table "203.0.113.1" "sfu.example.com"`
	const show = `Update ` + row + ` SET AllocationId = "eipalloc-1", AssociationId = "eipassoc-1", AvailabilityZone = "", BinderId = "media", ` +
		`BoundAt = "", InstanceId = "i-1", Tags = {}, allocated = if_not_exists(allocated, false)`
	client := newFake()
	records := newStore(t, client)
	r := reserved()
	for n, step := range []struct {
		name   string
		change func()
		want   []string
	}{
		{"reserve", func() {}, []string{
			`Put binding_table "address#eipalloc-1" if attribute_not_exists(pk)`,
			`Put binding_table "instance#i-1" ` + guard,
			`Put binding_table "name#sfu.example.com." ` + guard,
		}},
		{"bind", func() { r.Phase, r.AssociationID = store.Bound, "eipassoc-1" }, []string{
			`Put binding_table "address#eipalloc-1" if version = 1`,
			`Put ` + row + ` allocated = false`,
		}},
		{"touch", func() {}, []string{`Put binding_table "address#eipalloc-1" if version = 2`, show}},
		{"drain", func() { r.Draining = true }, []string{
			`Put binding_table "address#eipalloc-1" allocated = false if version = 3`,
			`Delete ` + row + ` if allocated = false`,
		}},
		{"undrain", func() { r.Draining = false }, []string{`Put binding_table "address#eipalloc-1" if version = 4 AND allocated = false`, show}},
		{"rename", func() { r.Name = "new.example.com." }, []string{
			`Put binding_table "address#eipalloc-1" if version = 5`,
			`Put binding_table "name#new.example.com." ` + guard,
			`Delete binding_table "name#sfu.example.com." ` + guard,
			`Delete ` + row + ` if allocated = false`,
			`Put record_table "203.0.113.1" "new.example.com" allocated = false`,
		}},
		{"release", func() { r.Phase = store.Releasing }, []string{
			`Put binding_table "address#eipalloc-1" allocated = false if version = 6`,
			`Delete record_table "203.0.113.1" "new.example.com" if allocated = false`,
		}},
		{"free", func() { r.Phase, r.InstanceID, r.Name = store.Free, "", "" }, []string{
			`Put binding_table "address#eipalloc-1" if version = 7 AND allocated = false`,
			`Delete binding_table "instance#i-1" ` + guard,
			`Delete binding_table "name#new.example.com." ` + guard,
		}},
	} {
		step.change()
		r.WriteID = fmt.Sprintf("write-%d", n+1)
		var err error
		if r, err = records.Put(t.Context(), r); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, describe(client.transactions[n])); diff != "" {
			t.Errorf("%s (- wanted, + got):\n%s", step.name, diff)
		}
	}
	if err := records.Delete(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	want := []string{`Put binding_table "address#eipalloc-1" if version = 8`}
	if diff := cmp.Diff(want, describe(client.transactions[len(client.transactions)-1])); diff != "" {
		t.Errorf("delete (- wanted, + got):\n%s", diff)
	}
	client.checkTokens(t)
	client.checkConsistentReads(t)
}

// checkTokens: each transaction has a token of its own, of at most 36
// characters.
func (f *fake) checkTokens(t *testing.T) {
	t.Helper()
	seen := map[string]bool{}
	for _, in := range f.transactions {
		token := *in.ClientRequestToken
		if seen[token] || token == "" || len(token) > 36 {
			t.Errorf("token %q: used before, empty or too long", token)
		}
		seen[token] = true
	}
}

func (f *fake) checkConsistentReads(t *testing.T) {
	t.Helper()
	for _, in := range f.batchGets {
		for table, wanted := range in.RequestItems {
			if wanted.ConsistentRead == nil || !*wanted.ConsistentRead {
				t.Errorf("a BatchGetItem of %s is not consistent", table)
			}
			if len(wanted.Keys) > 100 {
				t.Errorf("a BatchGetItem of %s has %d keys", table, len(wanted.Keys))
			}
		}
	}
	for _, in := range f.scans {
		if in.ConsistentRead == nil || !*in.ConsistentRead {
			t.Errorf("a Scan is not consistent")
		}
	}
}

// describe writes the transaction as one would say it, with names and values
// in place.
func describe(in *dynamodb.TransactWriteItemsInput) []string {
	var all []string
	for _, w := range in.TransactItems {
		switch {
		case w.Put != nil:
			what := "Put " + where(*w.Put.TableName, w.Put.Item)
			if flag, ok := w.Put.Item["allocated"]; ok {
				what += " allocated = " + literal(flag)
			}
			all = append(all, what+condition(w.Put.ConditionExpression, w.Put.ExpressionAttributeNames, w.Put.ExpressionAttributeValues))
		case w.Delete != nil:
			all = append(all, "Delete "+where(*w.Delete.TableName, w.Delete.Key)+
				condition(w.Delete.ConditionExpression, w.Delete.ExpressionAttributeNames, w.Delete.ExpressionAttributeValues))
		case w.Update != nil:
			all = append(all, "Update "+where(*w.Update.TableName, w.Update.Key)+" "+
				fill(*w.Update.UpdateExpression, w.Update.ExpressionAttributeNames, w.Update.ExpressionAttributeValues)+
				condition(w.Update.ConditionExpression, w.Update.ExpressionAttributeNames, w.Update.ExpressionAttributeValues))
		}
	}
	return all
}

func where(table string, i item) string {
	if pk, ok := i["pk"]; ok {
		return table + " " + literal(pk)
	}
	return table + " " + literal(i["EIP"]) + " " + literal(i["DNS_Record"])
}

func condition(expression *string, names map[string]string, values item) string {
	if expression == nil {
		return ""
	}
	return " if " + fill(*expression, names, values)
}

func fill(expression string, names map[string]string, values item) string {
	return regexp.MustCompile(`[#:]\w+`).ReplaceAllStringFunc(expression, func(placeholder string) string {
		if placeholder[0] == '#' {
			return names[placeholder]
		}
		return literal(values[placeholder])
	})
}

func literal(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return fmt.Sprintf("%q", v.Value)
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberBOOL:
		return fmt.Sprint(v.Value)
	case *types.AttributeValueMemberM:
		if len(v.Value) == 0 {
			return "{}"
		}
	}
	return fmt.Sprintf("%T", v)
}

func TestListPages(t *testing.T) {
	client := newFake()
	client.pageSize = 3
	records := newStore(t, client)
	want := map[string]bool{}
	for n := range 10 {
		r := reserved()
		r.AllocationID, r.InstanceID, r.Name = fmt.Sprintf("eipalloc-%d", n), fmt.Sprintf("i-%d", n), fmt.Sprintf("w%d.example.com.", n)
		if _, err := records.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		want[r.AllocationID] = true
	}
	for r, err := range records.List(t.Context(), store.Filter{Phases: []store.Phase{store.Reserved, store.Bound}}) {
		if err != nil {
			t.Fatal(err)
		}
		if !want[r.AllocationID] {
			t.Errorf("%s is listed twice", r.AllocationID)
		}
		delete(want, r.AllocationID)
	}
	if len(want) > 0 || len(client.scans) != 10 { // 30 items with the guards
		t.Errorf("%d pages were read, and %v is missing; want 10 pages and all records", len(client.scans), want)
	}
	first := client.scans[0]
	got := fill(*first.FilterExpression, first.ExpressionAttributeNames, first.ExpressionAttributeValues)
	if want := `begins_with(pk, "address#") AND phase IN ("reserved", "bound")`; got != want {
		t.Errorf("the filter is %s, want %s", got, want)
	}
	client.checkConsistentReads(t)
}
