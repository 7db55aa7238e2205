package lambdaevent_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
)

// FuzzHandle takes any payload, and a notification with any instance and state:
// either nothing is done and there is one error, or the one thing that it asks for.
func FuzzHandle(f *testing.F) {
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) == 0 {
		f.Fatal("no payloads in testdata: ", err)
	}
	for _, name := range names {
		payload, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload, worker, "running")
	}
	for _, instance := range []string{"i-01234567", "i-0123456g", "i-", "", "0123456789abcdef0", "i-0123456789ABCDEF0", "i-0123456789abcdef0\n", "I-01234567", "i-é1234567", "\xff"} {
		f.Add([]byte(`{"detail-type": "Scheduled Event"}`), instance, "stopped")
	}
	isInstanceID := regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})\z`).MatchString
	f.Fuzz(func(t *testing.T, payload []byte, instance, state string) {
		sent := eventOf(payload)
		asked, sweeps := handle(t, payload)
		if sweeps > 0 && sent.DetailType != "Scheduled Event" {
			t.Errorf("a sweep for %q", sent.DetailType)
		}
		for _, id := range asked {
			if !isInstanceID(id) || id != sent.Detail.InstanceID || sent.DetailType != stateChange {
				t.Errorf("the binder was asked for %q, by %q about %q", id, sent.DetailType, sent.Detail.InstanceID)
			}
		}
		asked, _ = handle(t, notification(t, instance, state))
		if isInstanceID(instance) != (len(asked) == 1 && asked[0] == instance) {
			t.Errorf("notification about %q: the binder was asked for %q", instance, asked)
		}
	})
}

// handle returns what the binder was asked for.
func handle(t *testing.T, payload []byte) (instances []string, sweeps int) {
	t.Helper()
	b := &stub{outcome: binder.Outcome{Status: binder.Bound}}
	answer, err := lambdaevent.New(b).Invoke(t.Context(), payload)
	var invalid *lambdaevent.EventError
	done := len(b.asked) + b.sweeps
	refused := done == 0 && answer == nil && errors.As(err, &invalid)
	if handled := done == 1 && json.Valid(answer) && err == nil; !refused && !handled {
		t.Errorf("%d sweeps, %q reconciled, and the answer %s, %v", b.sweeps, b.asked, answer, err)
	}
	return b.asked, b.sweeps
}

const stateChange = "EC2 Instance State-change Notification"

type event struct {
	DetailType string `json:"detail-type"`
	Detail     detail `json:"detail"`
}

type detail struct {
	InstanceID string `json:"instance-id"`
	State      string `json:"state"`
}

// eventOf reads the payload without a look at the rest of it.
func eventOf(payload []byte) (e event) {
	_ = json.Unmarshal(payload, &e) // what is there is read all the same
	return e
}

func notification(t *testing.T, instance, state string) []byte {
	t.Helper()
	payload, err := json.Marshal(event{DetailType: stateChange, Detail: detail{instance, state}})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}
