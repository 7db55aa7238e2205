package deployment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

var subject = dnspolicy.Subject{
	Address:    dnspolicy.Address{AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.7")},
	InstanceID: "i-0123456789abcdef0",
}

func TestBuild(t *testing.T) {
	c, err := deployment.FromEnv(env())
	if err != nil {
		t.Fatal(err)
	}
	var got binder.Options
	b, err := deployment.Build(c, aws.Config{Region: "eu-central-1"}, memstore.New(), func(o *binder.Options) { got = *o })
	if err != nil || b == nil {
		t.Fatalf("Build = %v, %v", b, err)
	}
	p := c.Profiles[0]
	if got.Suffix != p.Suffix || got.TTL != p.TTL || got.CoolDown != p.CoolDown || got.StopGrace != p.StopGrace || got.BinderID != p.BinderID ||
		got.Lease != p.Lease || got.LateCalls != p.LateCalls || got.ConfirmAfter != p.ConfirmAfter ||
		got.BlastRadius != p.BlastRadius || got.Concurrency != p.Concurrency || got.DNSWait != p.DNSWait {
		t.Errorf("options %+v do not follow from %+v", got, p)
	}
}

func TestBuildNeedsARegion(t *testing.T) {
	c, err := deployment.FromEnv(env())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deployment.Build(c, aws.Config{}, memstore.New()); err == nil || !strings.HasPrefix(err.Error(), "AWS_REGION: ") {
		t.Errorf("error %v does not name AWS_REGION", err)
	}
}

type checker struct{ err error }

func (c checker) Check(context.Context) error { return c.err }

func TestCheckNamesTheVariables(t *testing.T) {
	passing := errors.New("connection reset")
	for _, test := range []struct {
		cause error
		want  string // empty: no error, but a line in the log
	}{
		{fmt.Errorf("table: %w", store.ErrInvalid), deployment.EnvRecordTable},
		{fmt.Errorf("table: %w", store.ErrInvalid), deployment.EnvBindingTable},
		{fmt.Errorf("zone: %w", dnspolicy.ErrNotFound), deployment.EnvHostedZoneID},
		{fmt.Errorf("suffix: %w", dnspolicy.ErrInvalid), deployment.EnvSuffix},
		{fmt.Errorf("empty: %w", binder.ErrConfig), deployment.EnvPoolTags},
		{fmt.Errorf("list: %w", eippool.ErrDenied), deployment.EnvPoolTags},
		{fmt.Errorf("list: %w", eippool.ErrThrottled), ""},
		{context.DeadlineExceeded, ""},
	} {
		var log bytes.Buffer
		joined := errors.Join(test.cause, passing)
		err := deployment.Check(t.Context(), checker{joined}, slog.New(slog.NewTextHandler(&log, nil)))
		if !strings.Contains(log.String(), passing.Error()) {
			t.Errorf("%v: what may pass is not logged: %s", test.cause, log.String())
		}
		switch {
		case test.want == "" && (err != nil || !strings.Contains(log.String(), test.cause.Error())):
			t.Errorf("%v: error %v, log %s; want it in the log only", test.cause, err, log.String())
		case test.want != "" && (!errors.Is(err, test.cause) || !strings.Contains(err.Error(), test.want) || errors.Is(err, passing)):
			t.Errorf("%v: error %v, want it with %s and without the other", test.cause, err, test.want)
		}
	}
	if err := deployment.Check(t.Context(), checker{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("nothing is wrong, but: %v", err)
	}
}
