package e2e_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/store"
)

// stateChange is EventBridge's event, with the words INSTANCE and STATE in it.
//
//go:embed testdata/state-change.json
var stateChange string

func event(instanceID, state string) json.RawMessage {
	return json.RawMessage(strings.NewReplacer("INSTANCE", instanceID, "STATE", state).Replace(stateChange))
}

// The tags by which the function selects, and others.
var (
	pooled = map[string]string{"Pool": "byol", "App": "streaming"}
	worker = map[string]string{"karpenter.sh/nodepool": "media"}
	other  = map[string]string{"Name": "bastion"}
)

// TestLife runs one worker's whole life, in front of an instance that is none,
// and of a worker for which there is no address.
func TestLife(t *testing.T) {
	for name, newCloud := range clouds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needPython(t)
			l := &life{cloud: newCloud(t)}
			l.allocation = l.allocate(t, pooled)
			l.allocate(t, other)
			l.before = l.state(t)
			l.function = start(t, l.settings())
			l.ineligible(t)
			l.bind(t)
			l.acquire(t)
			l.repeat(t)
			l.exhaust(t)
			l.unbind(t)
		})
	}
}

// life is how far the worker's life has got.
type life struct {
	*cloud
	function   *function
	before     state
	allocation string // the pool's only address
	instance   string // the worker
}

// ineligible: an instance without the tag costs one Describe and nothing else.
func (l *life) ineligible(t *testing.T) {
	stray, _ := l.launch(t, other)
	for range 2 { // the function starts before the first one, which takes calls, too
		l.calls.take()
		l.wantStatus(t, event(stray, "running"), "ineligible")
	}
	if diff := cmp.Diff(map[string]int{"DescribeInstances": 1}, l.calls.take()); diff != "" {
		t.Errorf("calls for an ineligible instance (-want +got):\n%s", diff)
	}
	l.wantState(t, "an ineligible instance", l.before)
}

// bind: the worker has address, name and row.
func (l *life) bind(t *testing.T) {
	instance, networkInterface := l.launch(t, worker)
	l.instance = instance
	l.wantStatus(t, event(instance, "running"), "bound")

	a := l.address(t, l.allocation)
	if a.NetworkInterfaceID != networkInterface {
		t.Errorf("the address is at %q, not at the primary interface %q", a.NetworkInterfaceID, networkInterface)
	}
	name := a.IP + "." + suffix
	if want := fmt.Sprintf(`["%s.","A",60,["%s"]]`, name, a.IP); !slices.Contains(l.names(t), want) {
		t.Errorf("the zone lacks %s:\n%s", want, strings.Join(l.names(t), "\n"))
	}
	if n := len(l.names(t)) - len(l.before.Names); n != 1 {
		t.Errorf("the zone has %d more record sets, want one", n)
	}
	want := []row{{EIP: a.IP, DNSRecord: name, AssociationID: a.AssociationID}}
	var rows []row
	if l.scheduleServer(t, "list", &rows); !cmp.Equal(rows, want) {
		t.Errorf("a schedule server sees %+v, want %+v", rows, want)
	}
}

// acquire: a schedule server that knows nothing but the table takes the worker.
func (l *life) acquire(t *testing.T) {
	a := l.address(t, l.allocation)
	want := row{EIP: a.IP, DNSRecord: a.IP + "." + suffix, AssociationID: a.AssociationID}
	var taken row
	if l.scheduleServer(t, "acquire", &taken); taken != want {
		t.Errorf("a schedule server takes %+v, want %+v", taken, want)
	}
}

// repeat: further events change nothing, whatever state they claim. The schedule
// server's flag is part of what does not change.
func (l *life) repeat(t *testing.T) {
	bound := l.state(t)
	if !strings.Contains(strings.Join(bound.Rows, ""), `"allocated":{"Value":true}`) {
		t.Errorf("the flag is not set: %s", bound.Rows)
	}
	for _, state := range []string{"running", "running", "pending", "stopping", "stopped", "shutting-down", "terminated"} {
		l.wantStatus(t, event(l.instance, state), "already-bound")
		l.wantState(t, "an event of the state "+state, bound)
	}
}

// exhaust: without an address nothing is done, and the event is acknowledged: the
// sweep binds the worker once there is one.
func (l *life) exhaust(t *testing.T) {
	bound := l.state(t)
	late, _ := l.launch(t, worker)
	for range 2 {
		l.wantStatus(t, event(late, "running"), "exhausted")
		l.wantState(t, "an exhausted pool", bound)
	}
}

// unbind: the worker terminates, and all is taken back.
func (l *life) unbind(t *testing.T) {
	l.terminate(t, l.instance)
	first := l.function.invoke(t, event(l.instance, "shutting-down"))
	l.awaitTerminated(t, l.instance)
	if strings.Contains(first.body, "not-ready") { // an association that is still under way might land
		wantStatus(t, first, "not-ready")
		l.wantStatus(t, event(l.instance, "terminated"), "unbound")
	} else {
		wantStatus(t, first, "unbound") // the stand-in terminates at once
	}

	now := l.state(t)
	now.Bindings, l.before.Bindings = nil, nil // the record of the address stays
	if diff := cmp.Diff(l.before, now); diff != "" {
		t.Errorf("not as before the worker's life (-before +after):\n%s", diff)
	}
	record := l.record(t, l.allocation)
	if record.Phase != store.Free || record.LastInstanceID != l.instance || !record.ReusableAt.After(time.Now()) {
		t.Errorf("the record is not Free and cooling down: %+v", record)
	}

	unbound := l.state(t)
	l.wantStatus(t, event(l.instance, "terminated"), "gone")
	l.wantState(t, "a repeated event of the state terminated", unbound)
}

// wantStatus invokes the function, which must answer that the instance's status
// is this.
func (l *life) wantStatus(t *testing.T, event json.RawMessage, want string) {
	t.Helper()
	wantStatus(t, l.function.invoke(t, event), want)
}

func wantStatus(t *testing.T, a answer, want string) {
	t.Helper()
	var response struct{ Outcomes []struct{ Status string } }
	if err := json.Unmarshal([]byte(a.body), &response); err != nil || a.failed || len(response.Outcomes) != 1 {
		t.Fatalf("the function says %+v, want the status %q", a, want)
	}
	if got := response.Outcomes[0].Status; got != want {
		t.Fatalf("status %q, want %q: %s", got, want, a.body)
	}
}

// wantRefusal: the answer says what is wrong, and is no error of the function,
// which Lambda would repeat.
func (l *life) wantRefusal(t *testing.T, event json.RawMessage, want string) {
	t.Helper()
	var refusal struct{ Error string }
	a := l.function.invoke(t, event)
	if err := json.Unmarshal([]byte(a.body), &refusal); err != nil || a.failed || !strings.Contains(refusal.Error, want) {
		t.Errorf("the function answers %s (failed: %t), want an error with %q in a good answer", a.body, a.failed, want)
	}
}

func (l *life) wantState(t *testing.T, after string, want state) {
	t.Helper()
	if diff := cmp.Diff(want, l.state(t)); diff != "" {
		t.Errorf("%s changes the state (-before +after):\n%s", after, diff)
	}
}
