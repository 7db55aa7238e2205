package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

const someID = "i-0123456789abcdef0"

func TestExitCodes(t *testing.T) {
	cases := []struct {
		err  error
		code int
		text string
	}{
		{nil, exitDone, ""},
		{errors.New("boom"), exitFailed, "boom"},
		{context.Canceled, exitFailed, "interrupted"},
		{fmt.Errorf("describe: %w", context.Canceled), exitFailed, "interrupted"},
		{&binder.Error{Step: "associate", InstanceID: "i-1", Err: eippool.ErrDenied}, exitFailed, "associate i-1: not permitted"},
		{usage(errors.New("bad flag")), exitUsage, "bad flag"},
		{usage(nil), exitDone, ""},
		{fmt.Errorf("%w: Options.Suffix", binder.ErrConfig), exitUsage, "invalid configuration: Options.Suffix"},
		{errWaiting, exitWaiting, ""},
		{fmt.Errorf("sweep: %w: migration", binder.ErrPaused), exitWaiting, "sweep: paused: migration"},
		{fmt.Errorf("sweep: %w", binder.ErrBlastRadius), exitFailed, "sweep: too many bindings would be taken back at once"},
		{misconfigured(fmt.Errorf("zone Z1: %w", dnspolicy.ErrNotFound)), exitUsage, "zone Z1: not found in DNS"},
		{misconfigured(fmt.Errorf("table: %w", store.ErrInvalid)), exitUsage, "table: invalid"},
		{misconfigured(fmt.Errorf("list the pool: %w", eippool.ErrThrottled)), exitFailed, "list the pool: throttled"},
	}
	for _, c := range cases {
		if code, text := exitCode(c.err), message(c.err); code != c.code || text != c.text {
			t.Errorf("%v: code %d and %q, want %d and %q", c.err, code, text, c.code, c.text)
		}
	}
}

func TestWaitingOutcomes(t *testing.T) {
	for status, want := range map[binder.Status]error{
		binder.Bound: nil, binder.AlreadyBound: nil, binder.Unbound: nil, binder.Ineligible: nil, binder.Gone: nil,
		binder.Busy: errWaiting, binder.NotReady: errWaiting, binder.Exhausted: errWaiting,
	} {
		if err := waiting([]binder.Outcome{{Status: binder.Bound}, {Status: status}}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", status, err, want)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	cases := []struct {
		args string
		want []string // in the message
	}{
		{"frobnicate", []string{`unknown command "frobnicate"`, "--help"}},
		{"tables drop", []string{`unknown command "drop"`}},
		{"list --frob", []string{"unknown flag: --frob", "eipbinder list --help"}},
		{"list i-1", []string{`unknown command "i-1"`}},
		{"bind", []string{"accepts 1 arg(s), received 0", "eipbinder bind --help"}},
		{"bind " + someID + " " + someID, []string{"accepts 1 arg(s), received 2"}},
		{"bind i-XYZ", []string{`"i-XYZ" is not an instance ID`, "such as i-0123456789abcdef0"}},
		{"unbind --force=maybe " + someID, []string{"--force"}},
		{"reconcile", []string{"requires at least 1 arg(s)"}},
		{"reconcile " + someID + " web-1", []string{`"web-1" is not an instance ID`}},
		{"drain", []string{"accepts 1 arg(s), received 0", "eipbinder drain --help"}},
		{"drain web-1", []string{`"web-1" is not an instance ID`}},
		{"undrain " + someID + " " + someID, []string{"accepts 1 arg(s), received 2"}},
		{"undrain i-XYZ", []string{`"i-XYZ" is not an instance ID`}},
		{"sweep " + someID, []string{`unknown command "` + someID + `"`, "eipbinder sweep --help"}},
		{"prewarm " + someID, []string{`unknown command "` + someID + `"`, "eipbinder prewarm --help"}},
		{"prewarm", []string{"KeepNames", "--keep-names"}},
		{"sweep --dry-run=maybe", []string{"--dry-run"}},
		{"pause", []string{"--reason is missing or empty", "say why", "eipbinder pause --help"}},
		{"pause --reason", []string{"--reason", "eipbinder pause --help"}},
		{"pause --reason=", []string{"--reason is missing or empty"}},
		{"pause migration", []string{`unknown command "migration"`}},
		{"resume now", []string{`unknown command "now"`}},
		{"demo now", []string{`unknown command "now"`}},
		{"awssim --listen 0.0.0.0:4566", []string{"--listen", "loopback", "127.0.0.1:4566"}},
		{"awssim --listen [2001:db8::1]:80", []string{"--listen", "loopback"}},
		{"awssim --listen example.com:80", []string{"--listen", "loopback"}},
		{"awssim --listen 4566", []string{"--listen", "127.0.0.1:4566"}},
		{"awssim --pool -1", []string{"--pool", "negative"}},
		{"awssim --pool some", []string{"--pool"}},
		{"awssim --pool-tags =", []string{"--pool-tags"}},
		{"awssim --zone bad..name", []string{"--zone"}},
	}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) { wantUsage(t, newWorld(t, 1).do(strings.Fields(c.args)...), c.want...) })
	}
}

// wantUsage checks for one plain message about usage or configuration.
func wantUsage(t *testing.T, got result, words ...string) {
	t.Helper()
	if got.code != exitUsage || got.stdout != "" {
		t.Errorf("code %d, stdout %q", got.code, got.stdout)
	}
	for _, word := range append(words, "eipbinder: ") {
		if !strings.Contains(got.stderr, word) {
			t.Errorf("stderr lacks %q: %s", word, got.stderr)
		}
	}
	for _, trace := range []string{"goroutine", ".go:", "Usage:"} {
		if strings.Contains(got.stderr, trace) {
			t.Errorf("stderr has %q: %s", trace, got.stderr)
		}
	}
}

func TestConfigurationErrors(t *testing.T) {
	for _, command := range []string{"bind", "unbind", "reconcile", "drain", "undrain", "sweep", "prewarm", "adopt", "check"} {
		args := []string{command, someID}
		if command == "sweep" || command == "prewarm" || command == "adopt" || command == "check" {
			args = args[:1]
		}
		empty := &world{t: t}
		wantUsage(t, empty.do(args...), deployment.EnvSuffix, deployment.EnvHostedZoneID, deployment.EnvPoolTags, deployment.EnvInstanceTags, "set it to")
		w := newWorld(t, 1)
		wantUsage(t, w.do(append(args, "--policy", "random")...), deployment.EnvPolicy, "random", "dashed-ip")
	}
}

func TestHelpDocumentsExitCodesAndSettings(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"help"}} {
		got := newWorld(t, 0).do(args...)
		for _, text := range []string{exitHelp, "demo", "awssim", "reconcile", "drain", "undrain", "sweep", "prewarm", "adopt", "pause", "resume", "AWS_ENDPOINT_URL_EC2"} {
			if got.code != exitDone || !strings.Contains(got.stdout, text) {
				t.Errorf("%v: code %d, lacks %q:\n%s", args, got.code, text, got.stdout)
			}
		}
	}
	help := newWorld(t, 0).do("bind", "--help").stdout
	for _, s := range binderSettings() {
		if !strings.Contains(help, "--"+flagName(s)+" ") || !strings.Contains(help, "["+s.Variable+"]") {
			t.Errorf("bind --help lacks %s or %s", flagName(s), s.Variable)
		}
	}
}
