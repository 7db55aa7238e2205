package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// asked is a queue that remembers who asks.
type asked struct{ instances []string }

func (a *asked) Enqueue(_ context.Context, id string) error {
	a.instances = append(a.instances, id)
	return nil
}

// TestInstanceAsksForItself: the request that API Gateway passes on, signed by an
// instance's role, puts this instance into the queue, and no other role's does.
func TestInstanceAsksForItself(t *testing.T) {
	payload, err := os.ReadFile("../../adapters/lambdaevent/testdata/http-api-iam.json")
	if err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:sts::123456789012:assumed-role/media-worker/i-0123456789abcdef0"
	for name, test := range map[string]struct {
		arn    string
		status int
		taken  bool
	}{
		"a worker":          {arn, 202, true},
		"another role":      {strings.Replace(arn, "media-worker", "other", 1), 403, false},
		"no instance":       {strings.Replace(arn, "i-0123456789abcdef0", "jane", 1), 403, false},
		"nobody":            {"", 401, false},
		"another account's": {strings.Replace(arn, "123456789012", "210987654321", 1), 401, false},
	} {
		var q asked
		s := settings{queueURL: queueURL, accounts: []string{"123456789012"}, roles: []string{"media-worker"}, operators: []string{"operators"}}
		served, err := newHTTP(s, httpapi.Backends{Binder: drainer{}, Queue: &q, Records: memstore.New()}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		handler := lambdaevent.New(sweeper{}, func(o *lambdaevent.Options) { o.HTTP = served })
		answer, err := handler.Invoke(t.Context(), []byte(strings.ReplaceAll(string(payload), arn, test.arn)))
		if err != nil {
			t.Fatal(err)
		}
		var response struct{ StatusCode int }
		if err := json.Unmarshal(answer, &response); err != nil {
			t.Fatal(err)
		}
		if taken := len(q.instances) == 1 && q.instances[0] == "i-0123456789abcdef0"; response.StatusCode != test.status || taken != test.taken || len(q.instances) > 1 {
			t.Errorf("%s: queued %q, answer %s", name, q.instances, answer)
		}
	}
}

// drainer is the operators' verbs, which nobody calls here.
type drainer struct{ httpapi.Binder }

func TestNoHTTP(t *testing.T) {
	if h, err := newHTTP(settings{queueURL: queueURL}, httpapi.Backends{}, nil); h != nil || err != nil {
		t.Errorf("without accounts: %v, %v", h, err)
	}
	_, err := newHTTP(settings{accounts: []string{"12"}, roles: []string{"media-worker"}}, httpapi.Backends{}, nil)
	if err == nil || !strings.Contains(err.Error(), "EIPBINDER_API_ACCOUNTS") {
		t.Errorf("a wrong account: %v", err)
	}
}
