package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/eipbinder/eipbinder/store"
)

// payloads are AWS's, each with this instance in it.
const (
	payloads       = "../../adapters/lambdaevent/testdata/"
	payloadsHaveIt = "i-0123456789abcdef0"
)

// payload reads one of them, for another instance.
func payload(tb testing.TB, name, instanceID string) json.RawMessage {
	tb.Helper()
	text, err := os.ReadFile(payloads + name)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.ReplaceAll(text, []byte(payloadsHaveIt), []byte(instanceID))
}

// terminations: six workers end, of one of which no event tells, and one stops.
// Two are told that they will end.
func (d *deployed) terminations(t *testing.T) {
	t.Helper()
	ended, warned := d.bound[10:16], d.bound[20:22]
	d.ended, d.bound = slices.Clone(ended), slices.Delete(slices.Clone(d.bound), 10, 16)
	d.warned = warned
	all := []json.RawMessage{payload(t, "spot-interruption-warning.json", warned[0].instanceID), payload(t, "rebalance-recommendation.json", warned[1].instanceID)}
	for i, m := range ended {
		d.terminate(t, m.instanceID)
		if i > 0 {
			all = append(all, event(m.instanceID, "terminated"))
		}
	}
	for _, m := range ended {
		d.awaitTerminated(t, m.instanceID)
	}
	// One stops, and the event that it runs comes after that: its message has to
	// wait for the end of the grace, whatever else happens.
	last := len(d.bound) - 1
	d.stopInstance(t, d.bound[last])
	all = append(all, event(d.bound[last].instanceID, "running"))
	d.ended, d.bound = append(d.ended, d.bound[last]), d.bound[:last]
	all = append(all, event(ended[1].instanceID, "shutting-down"), event(ended[2].instanceID, "terminated")) // too late, and twice
	d.stop()                                                                                                 // moto may lose what is sent while it deletes
	d.put(t, all...)
	d.stop = d.source.run(t)
	d.awaitPoison(t)
	for _, m := range warned {
		if rows := d.rowsOf(t, m); len(rows) > 0 {
			t.Errorf("schedule servers see %s, which ends: %s", m.instanceID, rows)
		}
	}
}

// rowsOf returns the rows of a worker.
func (d *deployed) rowsOf(tb testing.TB, m machine) []string {
	tb.Helper()
	return slices.DeleteFunc(d.items(tb, "record_table"), func(row string) bool { return !strings.Contains(row, m.instanceID) })
}

// triggers: the HTTP API, and an operator's commands.
func (d *deployed) triggers(t *testing.T) {
	t.Helper()
	late := d.launchAll(t, 1, karpenters)[0]
	d.bound = append(d.bound, late)
	f := d.main.start(t)
	node := "media-worker/" + late.instanceID
	const operator = "platform-team/ada"
	for _, test := range []struct {
		caller, request, body string
		want                  int
	}{
		{node, "POST /v1/bind", "", 202},
		{node, "GET /v1/bindings", "", 403},
		{operator, "GET /v1/bindings", "", 200},
		{operator, "GET /v1/bindings/" + d.warned[0].instanceID, "", 200},
		{operator, "POST /v1/drain", `{"instanceId":"` + d.bound[0].instanceID + `"}`, 404}, // not bound yet
		{operator, "POST /v1/drain", `{"instanceId":"` + d.bound[5].instanceID + `"}`, 200},
		{operator, "POST /v1/undrain", `{"instanceId":"` + d.bound[5].instanceID + `"}`, 200},
		{operator, "GET /readyz", "", 200},
		{"somebody/else", "POST /v1/bind", "", 403},
	} {
		a := f.invoke(t, request(t, test.caller, test.request, test.body))
		var response struct{ StatusCode int }
		if err := json.Unmarshal([]byte(a.body), &response); err != nil || a.failed || response.StatusCode != test.want {
			t.Errorf("%s of %s: %+v, want %d", test.request, test.caller, a, test.want)
		}
	}
	d.commands(t, f)
	d.awaitPoison(t)
	if len(d.rowsOf(t, late)) != 1 {
		t.Errorf("%s has asked for itself, and is not bound", late.instanceID)
	}
	d.setVisibility(t, poisonVisibility) // from now on the poison comes and goes
}

// request is an HTTP API's event, with the role and session of a caller that
// AWS has authenticated.
func request(tb testing.TB, caller, line, body string) json.RawMessage {
	tb.Helper()
	method, path, _ := strings.Cut(line, " ")
	text := strings.NewReplacer(
		"media-worker/"+payloadsHaveIt, caller, "POST /v1/bind", line, "/v1/bind", path, `"POST"`, asJSON(tb, method),
	).Replace(string(payload(tb, "http-api-iam.json", payloadsHaveIt)))
	var event map[string]any
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		tb.Fatal(err)
	}
	event["body"] = body
	if headers, ok := event["headers"].(map[string]any); ok && body != "" {
		headers["content-type"] = "application/json"
		delete(headers, "content-length")
	}
	return json.RawMessage(asJSON(tb, event))
}

// commands: what an operator invokes the function with.
func (d *deployed) commands(t *testing.T, f *function) {
	t.Helper()
	var listing struct{ Records []store.Record }
	a := f.invoke(t, json.RawMessage(`{"list":{"phases":["bound"]}}`))
	if err := json.Unmarshal([]byte(a.body), &listing); err != nil || len(listing.Records) < 40 {
		t.Errorf("the list has %d records: %+v", len(listing.Records), a)
	}
	taken := d.bound[30]
	_, err := d.ec2.DeleteTags(t.Context(), &ec2.DeleteTagsInput{Resources: []string{taken.instanceID}, Tags: []types.Tag{{Key: aws.String("karpenter.sh/nodepool")}}})
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		a = f.invoke(t, json.RawMessage(`{"unbind":["`+taken.instanceID+`"]}`))
		if !strings.Contains(a.body, "not-ready") || time.Since(began) > timeout {
			break
		}
	}
	wantStatus(t, a, "unbound")
	d.ended, d.bound = append(d.ended, taken), slices.Delete(slices.Clone(d.bound), 30, 31)
}

// sweeps: the scheduled one, in its own function, does what events did not bring,
// and repairs drift; so does the one that an operator asks for. A worker that stops
// is hidden, and unbound after the grace.
func (d *deployed) sweeps(t *testing.T) {
	t.Helper()
	stopped := d.bound[25]
	d.ended, d.bound = append(d.ended, stopped), slices.Delete(slices.Clone(d.bound), 25, 26)
	d.stopInstance(t, stopped)
	main, sweeper := d.main.start(t), d.sweeper.start(t)
	d.drift(t, d.warned[0], d.bound[7])
	d.deleteName(t, d.bound[9])
	d.repaired++
	d.swept = time.Now()
	var actions []int
	for len(actions) < 10 && !slices.Equal(actions[max(0, len(actions)-2):], []int{0, 0}) {
		var answer struct{ Actions, Failed int }
		a := sweeper.invoke(t, payload(t, "schedule.json", payloadsHaveIt))
		if err := json.Unmarshal([]byte(a.body), &answer); err != nil || a.failed || answer.Failed > 0 {
			t.Fatalf("a sweep says %+v", a)
		}
		actions = append(actions, answer.Actions)
		time.Sleep(time.Second) // which is the grace
	}
	if actions[0] == 0 || len(actions) == 10 {
		t.Errorf("the sweeps had %d actions, want some and then none", actions)
	}
	d.undrain(t, main, d.warned[0])
	d.drift(t, d.warned[1], d.bound[8])
	if a := main.invoke(t, json.RawMessage(`{"sweep":{}}`)); a.failed || strings.Contains(a.body, `"error"`) {
		t.Errorf("an operator's sweep says %+v", a)
	}
	d.undrain(t, main, d.warned[1])
}

func (d *deployed) stopInstance(t *testing.T, m machine) {
	t.Helper()
	if _, err := d.ec2.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{m.instanceID}}); err != nil {
		t.Fatal(err)
	}
}

// drift: a schedule server that knows nothing of draining takes a worker that
// is hidden, and somebody changes another one's row.
func (d *deployed) drift(t *testing.T, drained, changed machine) {
	t.Helper()
	d.setRow(t, drained, "allocated", &dynamodbtypes.AttributeValueMemberBOOL{Value: true})
	d.setRow(t, changed, "AssociationId", &dynamodbtypes.AttributeValueMemberS{Value: "eipassoc-0123456789abcdef0"})
	d.mended += 2
}

// undrain shows a worker again, with the flag that the schedule server has set.
func (d *deployed) undrain(t *testing.T, f *function, m machine) {
	t.Helper()
	wantStatus(t, f.invoke(t, json.RawMessage(`{"undrain":["`+m.instanceID+`"]}`)), "already-bound")
	if rows := d.rowsOf(t, m); len(rows) != 1 || !strings.Contains(rows[0], `"allocated":{"Value":true}`) {
		t.Errorf("the schedule servers' flag is lost: %s", rows)
	}
	d.setRow(t, m, "allocated", &dynamodbtypes.AttributeValueMemberBOOL{})
}

// setRow writes an attribute of a row as a schedule server does that does not
// ask whether the row is there.
func (d *deployed) setRow(tb testing.TB, m machine, attribute string, value dynamodbtypes.AttributeValue) {
	tb.Helper()
	var a address
	for _, held := range d.addresses(tb) {
		if held.NetworkInterfaceID == m.networkInterfaceID {
			a = held
		}
	}
	text := func(s string) dynamodbtypes.AttributeValue { return &dynamodbtypes.AttributeValueMemberS{Value: s} }
	_, err := d.dynamodb.UpdateItem(tb.Context(), &dynamodb.UpdateItemInput{
		TableName:                 aws.String(d.stack.Resources["RecordTableOfWorkers"]),
		Key:                       map[string]dynamodbtypes.AttributeValue{"EIP": text(a.IP), "DNS_Record": text(a.IP + "." + suffix)},
		UpdateExpression:          aws.String("SET #a = :v"),
		ExpressionAttributeNames:  map[string]string{"#a": attribute},
		ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{":v": value},
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// poison: in the end it is the only dead letter, and nothing is left in the
// queue.
func (d *deployed) poison(t *testing.T) {
	t.Helper()
	awaitCount(t, d.queue, 0, d.stack.Resources["Queue"])
	d.stop()
	dead := source{client: d.queue, queueURL: d.stack.Resources["DeadLetterQueue"], batch: 10, received: map[string]int{}}
	letters, err := dead.receive(t.Context())
	if err != nil || len(letters) != 1 {
		t.Fatalf("%d dead letters, want the poison alone: %v", len(letters), err)
	}
	body := withAccount(t, *letters[0].Body)
	if diff := sameEvent(t, event("i-poison", "running"), body); diff != "" {
		t.Errorf("the dead letter (-poison +found):\n%s", diff)
	}
	d.refused = d.source.received[*letters[0].MessageId]
	if slices.ContainsFunc(d.killed, func(m sqstypes.Message) bool { return *m.MessageId == *letters[0].MessageId }) {
		d.refused--
	}
}
