package main

import (
	"errors"
	"fmt"
	"go/build"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// home is the home folder of somebody who has done what README.md says.
type home struct {
	account
	folder  string
	metrics string // address
}

// atHome makes one: with a kubeconfig, and a configuration file. What the README
// does not say is what tests need to be quick, and to run beside others.
func (a account) atHome(t *testing.T, kubeconfig []byte) home {
	t.Helper()
	h := home{folder: t.TempDir(), metrics: freeAddress(t)}
	h.account = a.inFile(t, map[string]any{
		"nodeSelector": "karpenter.sh/nodepool=" + a.pool, "leaderID": "test-" + a.pool, "leaderLease": "3s", "sweepEvery": "1s", "window": "50ms",
		"metricsAddress": h.metrics, "healthAddress": "0",
	})
	h.settings["XDG_DATA_HOME"] = filepath.Join(h.folder, ".local", "share") // as without
	for path, text := range map[string]string{"eipbinder.yaml": h.settings[deployment.EnvConfig], ".kube/config": string(kubeconfig)} {
		path = filepath.Join(h.folder, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// environment is what there is at home: nothing of eipbinder's, and of AWS what the
// README asks for. Go compiles as it does for this test, so that it has to only once.
func (h home) environment(t *testing.T) []string {
	t.Helper()
	env := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return strings.HasPrefix(name, "EIPBINDER_") || strings.HasPrefix(name, "AWS_") ||
			slices.Contains([]string{"GOWORK", "KUBECONFIG", "XDG_DATA_HOME"}, name)
	})
	for _, pair := range h.variables() {
		if strings.HasPrefix(pair, "AWS_") {
			env = append(env, pair)
		}
	}
	config, err := os.UserConfigDir()
	cache, err2 := os.UserCacheDir()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	flags := os.Getenv("GOFLAGS")
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		flags += " -race"
	}
	return append(env, "HOME="+h.folder, "XDG_CONFIG_HOME="+config, "XDG_CACHE_HOME="+cache, "GOPATH="+build.Default.GOPATH, "GOFLAGS="+flags)
}

// run runs a command of README.md in the root of the checkout.
func (h home) run(t *testing.T, command string) *process {
	t.Helper()
	cmd := exec.Command("sh", "-ec", command)
	cmd.Dir, cmd.Env = "../..", h.environment(t)
	return startProcess(t, cmd)
}

// says waits for the end of a command, and returns what it has written.
func (h home) says(t *testing.T, command string) string {
	t.Helper()
	p := h.run(t, command)
	err := <-p.ended
	p.ended <- err
	if err != nil {
		t.Errorf("%s: %v", command, err)
	}
	return p.output.String()
}

// compiling is how long "go run" may take in addition.
const compiling = 10 * time.Minute

// serve runs README.md's command for the controller, and waits until it works.
func (h home) serve(t *testing.T) *process {
	t.Helper()
	commands := commandsIn(t, "examples/controller")
	if len(commands) != 1 {
		t.Fatalf("README.md has %q", commands)
	}
	p := h.run(t, commands[0])
	leads := func() bool { return value(h.meters(t), "leader_election_master_status", "name=test-"+h.pool) == 1 }
	if !within(compiling, func() bool { return leads() || p.over() }) || p.over() {
		p.kill()
		t.Fatalf("%s: %s", commands[0], p.output)
	}
	return p
}

// meters returns what Prometheus reads; nil: nobody listens.
func (h home) meters(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	if status, _ := get(t, h.metrics, "/metrics"); status != http.StatusOK {
		return nil
	}
	return probed{metrics: h.metrics}.meters(t)
}

// leave ends a controller as somebody does who types Ctrl-C, and returns what it
// has written.
func (h home) leave(t *testing.T, p *process) string {
	t.Helper()
	p.signal(syscall.SIGINT)
	p.ended <- <-p.ended
	said := p.output.String()
	if strings.Contains(said, "cannot go on") {
		t.Errorf("it does not end well:\n%s", said)
	}
	return said
}

// README.md's one command runs the controller outside of a cluster, and needs
// nothing that README.md does not say.
func TestOutOfCluster(t *testing.T) {
	kube := newClient(t)
	a := newAccount(t, "command", 2)
	h := a.atHome(t, controlPlane.KubeConfig)
	p := h.serve(t)
	ids := a.launch(t, kube, 2)
	if !within(time.Minute, func() bool { return a.usable(t, kube) == 2 || p.over() }) || p.over() {
		p.kill()
		t.Fatalf("not usable; it says:\n%s", p.output)
	}
	a.check(t, kube, ids)
	if said := h.leave(t, p); !strings.Contains(said, `"store":"sqlite:`+h.folder) {
		t.Errorf("the records are elsewhere:\n%s", said)
	}
}

// After an outage in which more workers left than a sweep may take back, README.md
// says what is seen of it, and what is to be done.
func TestOutage(t *testing.T) {
	kube := newClient(t)
	a := newAccount(t, "outage", 6)
	a.settings[deployment.EnvBlastRadius] = "2"
	h := a.atHome(t, controlPlane.KubeConfig)
	p := h.serve(t)
	ids := a.launch(t, kube, 4)
	a.waitUsable(t, kube, p, 4)
	h.leave(t, p)
	a.depart(t, kube, ids[:3])

	p = h.serve(t)
	result := func(result string) float64 { return value(h.meters(t), "eipbinder_sweeps_total", "result="+result) }
	if !within(time.Minute, func() bool { return result("refused") >= 2 }) {
		t.Error("no sweep is refused")
	}
	next := a.launch(t, kube, 2) // bound as ever
	a.waitUsable(t, kube, p, 3)
	a.depart(t, kube, next[:1]) // as ever, too
	b := h.binder(t)
	if !within(time.Minute, func() bool { return slices.Equal(gone(t, b), slices.Sorted(slices.Values(ids[:3]))) }) {
		t.Errorf("what the sweep is to take back is %q, want %q", gone(t, b), ids[:3])
	}
	if n, at := result("complete"), value(h.meters(t), "eipbinder_last_complete_sweep_timestamp_seconds"); n != -1 || at != 0 {
		t.Errorf("%v sweeps are complete, the last one at %v", n, at)
	}

	commands := commandsIn(t, "examples/cli")
	if len(commands) != 2 {
		t.Fatalf("README.md has %q", commands)
	}
	plan := h.says(t, commands[0])
	for _, id := range ids[:3] {
		if !strings.Contains(plan, id) {
			t.Errorf("%s is not in the plan:\n%s", id, plan)
		}
	}
	if !slices.Equal(gone(t, b), slices.Sorted(slices.Values(ids[:3]))) {
		t.Error("the dry run has done something")
	}
	h.says(t, commands[1])
	if !h.settled(t, b) {
		t.Error("there is something left to do")
	}
	if !within(time.Minute, func() bool { return result("complete") >= 1 }) {
		t.Error("no sweep is complete")
	}
	a.check(t, kube, []string{ids[3], next[1]})
	said := h.leave(t, p)
	const phrase = "too many bindings would be taken back at once"
	want := fmt.Sprintf(`%s: 3, more than 2`, phrase)
	refusal := func(line string) bool {
		return strings.Contains(line, `"level":"ERROR"`) && strings.Contains(line, want)
	}
	if !slices.ContainsFunc(strings.Split(said, "\n"), refusal) || !strings.Contains(readREADME(t), "`"+phrase+"`") {
		t.Errorf("the log has not what README.md says:\n%s", said)
	}
}

// waitUsable waits until so many nodes are.
func (a account) waitUsable(t *testing.T, kube client.Client, p *process, count int) {
	t.Helper()
	if !within(time.Minute, func() bool { return a.usable(t, kube) == count || p.over() }) || p.over() {
		p.kill()
		t.Fatalf("%d are usable, want %d; it says:\n%s", a.usable(t, kube), count, p.output)
	}
}

// depart ends instances, and deletes their nodes.
func (a account) depart(t *testing.T, kube client.Client, ids []string) {
	t.Helper()
	for _, node := range a.nodes(t, kube) {
		_, id, _ := strings.Cut(strings.TrimPrefix(node.Spec.ProviderID, "aws:///"), "/")
		if !slices.Contains(ids, id) {
			continue
		}
		if err := errors.Join(a.Terminate(id), kube.Delete(t.Context(), &node)); err != nil {
			t.Fatal(err)
		}
	}
}

// gone are the instances whose bindings a sweep would take back, in order.
func gone(t *testing.T, b deployment.Binder) (ids []string) {
	t.Helper()
	report, err := b.Sweep(t.Context(), func(o *binder.SweepOptions) { o.DryRun = true })
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range report.Actions {
		if action.Verb == "unbind" {
			ids = append(ids, action.InstanceID)
		}
	}
	return slices.Sorted(slices.Values(ids))
}
