package lambdaevent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

// records is a store with that many records, of which listing fails in the end
// if there is an error.
type records struct {
	number int
	err    error
	filter store.Filter
}

func (r *records) List(_ context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	r.filter = f
	return func(yield func(store.Record, error) bool) {
		for n := r.number; n > 0; n-- {
			ip := netip.AddrFrom4([4]byte{203, 0, byte(n >> 8), byte(n)})
			if !yield(store.Record{AllocationID: fmt.Sprintf("eipalloc-%d", n), IP: ip, Phase: store.Free}, nil) {
				return
			}
		}
		if r.err != nil {
			yield(store.Record{}, r.err)
		}
	}
}

func TestCommands(t *testing.T) {
	bound := binder.Outcome{Status: binder.AlreadyBound}
	one, two := number(1), number(2)
	outcomes := `{"outcomes":[{"instanceId":"` + one + `","status":"already-bound"},{"instanceId":"` + two + `","status":"already-bound"}],"failed":0}`
	list := `["` + two + `","` + one + `","` + two + `"]`
	for _, test := range []struct {
		command string
		binder  *stub
		calls   []string
		want    string
	}{
		{`{"bind":` + list + `}`, &stub{outcome: bound}, []string{"reconcile " + one + " " + two}, outcomes},
		{`{"drain":["` + one + `"]}`, &stub{outcome: bound}, []string{"drain " + one}, `{"outcomes":[{"instanceId":"` + one + `","status":"already-bound"}],"failed":0}`},
		{`{"undrain":["` + one + `"]}`, &stub{outcome: bound}, []string{"undrain " + one}, `{"outcomes":[{"instanceId":"` + one + `","status":"already-bound"}],"failed":0}`},
		{`{"unbind":["` + one + `"]}`, &stub{outcome: binder.Outcome{Status: binder.Failed, Err: failure(true)}}, []string{"unbind " + one},
			`{"outcomes":[{"instanceId":"` + one + `","status":"failed","error":"associate i-0123456789abcdef0: cause"}],"failed":1}`},
		// who waits and who fails is told, and is no error
		{`{"bind":["` + one + `"]}`, &stub{outcome: binder.Outcome{Status: binder.Busy, RetryAfter: time.Second, Reason: "leased"}}, []string{"reconcile " + one},
			`{"outcomes":[{"instanceId":"` + one + `","status":"busy","retryAfter":1000000000,"reason":"leased"}],"failed":0}`},
		{`{"bind":["` + one + `"]}`, &stub{outcome: binder.Outcome{Status: binder.Failed, Err: failure(false)}}, []string{"reconcile " + one},
			`{"outcomes":[{"instanceId":"` + one + `","status":"failed","error":"associate i-0123456789abcdef0: cause"}],"failed":1}`},
		{`{"sweep":{}}`, &stub{report: binder.Report{Actions: []binder.Action{{Verb: "bind", InstanceID: one}}}}, []string{"sweep"},
			`{"dryRun":false,"actions":[{"verb":"bind","instanceId":"` + one + `"}]}`},
		{`{"sweep":null}`, &stub{}, []string{"sweep"}, `{"dryRun":false}`},
		{`{"sweep":{"force":true}}`, &stub{err: binder.ErrPaused}, []string{"sweep"}, `{"dryRun":false,"error":"paused"}`},
		{`{"sweep":{"dryRun":true}}`, &stub{report: binder.Report{DryRun: true}, err: errors.New("throttled")}, []string{"sweep"}, `{"dryRun":true,"error":"throttled"}`},
	} {
		answer, err := lambdaevent.New(test.binder).Invoke(t.Context(), []byte(test.command))
		if err != nil || string(answer) != test.want {
			t.Errorf("%s: answer\n%s, %v, want\n%s", test.command, answer, err, test.want)
		}
		if diff := cmp.Diff(test.calls, test.binder.calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", test.command, diff)
		}
	}
}

func TestCommandSweepOptions(t *testing.T) {
	for _, test := range []struct{ dryRun, force bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		b := &stub{}
		command := fmt.Sprintf(`{"sweep":{"dryRun":%t,"force":%t}}`, test.dryRun, test.force)
		if _, err := lambdaevent.New(b).Handle(t.Context(), []byte(command)); err != nil {
			t.Fatal(err)
		}
		if b.swept.DryRun != test.dryRun || b.swept.Force != test.force {
			t.Errorf("%s: a sweep with %+v", command, b.swept)
		}
	}
}

func TestWrongCommands(t *testing.T) {
	store := func(o *lambdaevent.Options) { o.Store = &records{} }
	for command, says := range map[string]string{
		`{}`:                               `not one of the commands ["sweep" "list" "bind" "unbind" "drain" "undrain"], but has []`,
		`{"sweeep":{}}`:                    `but has ["sweeep"]`,
		`{"Sweep":{}}`:                     `but has ["Sweep"]`,
		`{"sweep":{},"list":{}}`:           `but has ["list" "sweep"]`,
		`{"sweep":{"dry":true}}`:           `unknown field "dry"`,
		`{"sweep":{"dryRun":"yes"}}`:       "cannot unmarshal string",
		`{"sweep":true}`:                   "cannot unmarshal bool",
		`{"list":{"phase":"bound"}}`:       `unknown field "phase"`,
		`{"list":["bound"]}`:               "cannot unmarshal array",
		`{"bind":"` + worker + `"}`:        "not a list",
		`{"bind":{}}`:                      "not a list",
		`{"bind":null}`:                    "names no instance",
		`{"drain":[]}`:                     "names no instance",
		`{"unbind":["i-1"]}`:               `"i-1" is not the ID`,
		`{"undrain":["` + worker + `",7]}`: "not a list",
		`{"bind":["` + worker + `\n"]}`:    `\n" is not the ID`,
	} {
		refuse(t, command, json.RawMessage(command), says, store)
	}
	refuse(t, "list without a store", json.RawMessage(`{"list":{}}`), "no store")
	refuse(t, "a long name", json.RawMessage(`{"`+strings.Repeat("x", 100_000)+`":1}`), "xxx")
	refuse(t, "a long ID", json.RawMessage(`{"bind":["`+strings.Repeat("x", 100_000)+`"]}`), "xxx")
}

func TestList(t *testing.T) {
	for _, test := range []struct {
		command string
		store   records
		want    int
		more    bool
	}{
		{`{"list":{}}`, records{}, 0, false},
		{`{"list":{"phases":["bound","reserved"]}}`, records{number: 3}, 3, false},
		{`{"list":{}}`, records{number: 4000}, 4000, false},
		{`{"list":{}}`, records{number: 4001}, 4000, true},
		{`{"list":{}}`, records{number: 2, err: store.ErrThrottled}, 2, false},
	} {
		handler := lambdaevent.New(&stub{}, func(o *lambdaevent.Options) { o.Store = &test.store })
		answer, err := handler.Invoke(t.Context(), []byte(test.command))
		if err != nil {
			t.Fatal(err)
		}
		var listing lambdaevent.Listing
		if err := json.Unmarshal(answer, &listing); err != nil {
			t.Fatal(err)
		}
		if len(listing.Records) != test.want || listing.More != test.more || (listing.Error != "") != (test.store.err != nil) || listing.Records == nil {
			t.Errorf("%s of %+v: %d records, more: %t, error %q", test.command, test.store, len(listing.Records), listing.More, listing.Error)
		}
		for i := range max(len(listing.Records), 1) - 1 {
			if !listing.Records[i].IP.Less(listing.Records[i+1].IP) {
				t.Fatalf("%s stands before %s", listing.Records[i].IP, listing.Records[i+1].IP)
			}
		}
		if len(answer) > 6_000_000 {
			t.Errorf("the answer has %d bytes", len(answer))
		}
		if strings.Contains(test.command, "phases") {
			if diff := cmp.Diff(store.Filter{Phases: []store.Phase{store.Bound, store.Reserved}}, test.store.filter); diff != "" {
				t.Errorf("filter (-want +got):\n%s", diff)
			}
		}
	}
}
