package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// TestWrongEvents: each is answered with one clear error, and nothing else happens. The
// function goes on with the next event.
func TestWrongEvents(t *testing.T) {
	t.Parallel()
	c := clouds["awssim and dynoxide"](t)
	c.allocate(t, pooled)
	instance, _ := c.launch(t, other)
	l := &life{cloud: c, function: start(t, c.settings())}
	l.wantStatus(t, event(instance, "running"), "ineligible")
	c.calls.take()
	right := string(event(instance, "running"))
	for _, test := range []struct{ event, want string }{
		{`{"detail-type"`, "it is not a JSON object: unexpected end of JSON input"},
		{`{}`, "neither an event with a detail-type"},
		{strings.Replace(right, "EC2 Instance State-change Notification", "EC2 Fast Launch State-change Notification", 1), `"EC2 Fast Launch State-change Notification"`},
		{strings.Replace(right, `"instance-id"`, `"instance"`, 1), "no instance-id"},
		{string(event("i-1", "running")), `"i-1" is not the ID of an instance`},
		{`{"Records": [{"eventSource": "aws:dynamodb", "eventName": "INSERT"}]}`, `no message of a queue: its event source is "aws:dynamodb"`},
		{strings.Replace(right, `"region": "eu-central-1"`, `"region": "us-east-1"`, 1), `the Region "us-east-1"`},
	} {
		l.wantRefusal(t, json.RawMessage(test.event), test.want)
	}
	if diff := cmp.Diff(map[string]int{}, c.calls.take()); diff != "" {
		t.Errorf("calls for wrong events (-want +got):\n%s", diff)
	}
	l.wantStatus(t, event(instance, "running"), "ineligible")
}

// TestWrongSettings: the function does not start, and tells Lambda which
// variable is wrong.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	c := clouds["awssim and dynoxide"](t)
	c.allocate(t, pooled)
	createTable(t, c, "flat", "EIP")
	for _, test := range []struct {
		variable, value string
		want            []string
	}{
		{"EIPBINDER_SUFFIX", "", []string{"is not set"}},
		{"EIPBINDER_HOSTED_ZONE_ID", "", []string{"is not set"}},
		{"EIPBINDER_POOL_TAGS", "", []string{"is not set"}},
		{"EIPBINDER_INSTANCE_TAGS", "", []string{"is not set"}},
		{"AWS_REGION", "", []string{"is not set"}},
		{"EIPBINDER_SUFFIX", "media..example.com", []string{"empty label"}},
		{"EIPBINDER_SUFFIX", "media.example.org", []string{`"media.example.org."`, "not in hosted zone", `"example.com."`}},
		{"EIPBINDER_SUFFIX", "badexample.com", []string{"not in hosted zone"}},
		{"EIPBINDER_HOSTED_ZONE_ID", "Z00000000000000000000", []string{"hosted zone Z00000000000000000000"}},
		{"EIPBINDER_RECORD_TABLE", "missing", []string{`"missing" does not exist`}},
		{"EIPBINDER_BINDING_TABLE", "missing", []string{`"missing" does not exist`}},
		{"EIPBINDER_RECORD_TABLE", "flat", []string{`"flat" must have the key`}},
		{"EIPBINDER_BINDING_TABLE", "flat", []string{`"flat" must have the key`}},
		{"EIPBINDER_POOL_TAGS", "Pool=none", []string{"the pool is empty"}},
		{"EIPBINDER_POOL_TAGS", "=byol", []string{"empty key"}},
		{"EIPBINDER_STORE", "sqlite:records.db", []string{"is none for this program", "dynamodb"}},
		{"EIPBINDER_SHARE", "2", []string{"at most 1"}},
		{"EIPBINDER_POLICY", "random", []string{`"random"`, "dotted-ip"}},
		{"EIPBINDER_TTL", "1m30.5s", []string{"whole seconds"}},
	} {
		t.Run(test.variable+"="+test.value, func(t *testing.T) {
			text := start(t, c.settings(test.variable, test.value)).initError(t)
			for _, want := range append(test.want, test.variable) {
				if !strings.Contains(text, want) {
					t.Errorf("the error does not say %q: %s", want, text)
				}
			}
			if strings.Contains(text, "\n") {
				t.Errorf("more than one error: %s", text)
			}
		})
	}
}

// TestAllWrongSettingsAtOnce: one start tells all that is missing.
func TestAllWrongSettingsAtOnce(t *testing.T) {
	t.Parallel()
	c := clouds["awssim and dynoxide"](t)
	text := start(t, c.settings("EIPBINDER_SUFFIX", "", "EIPBINDER_HOSTED_ZONE_ID", "", "EIPBINDER_POOL_TAGS", "", "EIPBINDER_INSTANCE_TAGS", "", "EIPBINDER_TTL", "soon")).initError(t)
	for _, variable := range []string{"EIPBINDER_SUFFIX", "EIPBINDER_HOSTED_ZONE_ID", "EIPBINDER_POOL_TAGS", "EIPBINDER_INSTANCE_TAGS", "EIPBINDER_TTL"} {
		if strings.Count(text, variable+": ") != 1 {
			t.Errorf("the error does not name %s once:\n%s", variable, text)
		}
	}
}

// TestUncheckedTableIsMissing: without the check at its start the function finds
// out with the first worker. It must not say that all is well, and has done
// nothing half.
func TestUncheckedTableIsMissing(t *testing.T) {
	t.Parallel()
	c := clouds["awssim and dynoxide"](t)
	c.allocate(t, pooled)
	instance, _ := c.launch(t, worker)
	before := c.state(t)
	l := &life{cloud: c, function: start(t, c.settings("EIPBINDER_CHECK", "false", "EIPBINDER_BINDING_TABLE", "missing"))}
	a := l.function.invoke(t, event(instance, "running"))
	wantStatus(t, a, "failed")
	if !strings.Contains(a.body, "missing") || !strings.Contains(a.body, `"failed":1`) {
		t.Errorf("the answer does not name the table: %s", a.body)
	}
	l.function.stop()
	if len(l.function.log.lines(`"level":"ERROR"`)) == 0 {
		t.Error("nothing is logged at level error")
	}
	l.wantState(t, "a missing table", before)
}

func createTable(tb testing.TB, c *cloud, name, key string) {
	tb.Helper()
	_, err := c.dynamodb.CreateTable(tb.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}},
	})
	if err != nil {
		tb.Fatal(err)
	}
}
