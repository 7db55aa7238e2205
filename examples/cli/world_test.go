package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/eipbinder/eipbinder/examples/cli/internal/records"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// world is a simulated account whose records are in memory, and the
// environment of a CLI that works on it.
type world struct {
	t       *testing.T
	sim     *awssim.Sim
	records *memstore.Store
	env     map[string]string
}

func newWorld(t *testing.T, addresses int) *world {
	t.Helper()
	w := &world{
		t:       t,
		sim:     awssim.New(func(o *awssim.Options) { o.PendingFor, o.ShuttingDownFor = time.Second, time.Second }),
		records: memstore.New(),
	}
	for range addresses {
		if _, err := w.sim.Allocate("", map[string]string{"Pool": "media"}); err != nil {
			t.Fatal(err)
		}
	}
	zoneID, err := w.sim.CreateZone("example.com")
	if err != nil {
		t.Fatal(err)
	}
	w.env = map[string]string{
		deployment.EnvSuffix:       "media.example.com",
		deployment.EnvHostedZoneID: zoneID,
		deployment.EnvPoolTags:     "Pool=media",
		deployment.EnvInstanceTags: "karpenter.sh/nodepool=media",
		deployment.EnvPolicy:       "dashed-ip",
	}
	return w
}

// launch returns the IDs of workers that are running.
func (w *world) launch(count int) []string {
	w.t.Helper()
	ids := w.launchPending(count)
	time.Sleep(2 * time.Second)
	return ids
}

func (w *world) launchPending(count int) []string {
	w.t.Helper()
	ids, err := w.sim.Launch(awssim.LaunchSpec{Count: count, Tags: map[string]string{"karpenter.sh/nodepool": "media"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return ids
}

func (w *world) cloud() cloud {
	return cloud{
		getenv: func(variable string) string { return w.env[variable] },
		aws: func(context.Context) (aws.Config, error) {
			identity := credentials.NewStaticCredentialsProvider("test", "test", "")
			return aws.Config{Region: w.sim.Region(), Credentials: identity, HTTPClient: w.sim.HTTPClient()}, nil
		},
		records: stored{store: w.records},
	}
}

// stored opens a store that is open already.
type stored struct {
	store store.Store
	asked *deployment.Config // what for, if anybody wants to know
}

func (s stored) Open(_ context.Context, c deployment.Config) (records.Opened, error) {
	if s.asked != nil {
		*s.asked = c
	}
	return records.Opened{Store: s.store, Where: "in memory", Close: func() error { return nil }}, nil
}

func (s stored) Create(context.Context, deployment.Config) (string, error) { return "in memory", nil }

// result is what one command line gave.
type result struct {
	code           int
	stdout, stderr string
}

// do runs one command line in this world.
func (w *world) do(args ...string) result {
	w.t.Helper()
	return execute(w.t.Context(), w.cloud(), args...)
}

func execute(ctx context.Context, c cloud, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := c.run(ctx, args, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}
