package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

// account is a simulated AWS account, and what processes need to work on it.
type account struct {
	*awssim.Sim
	settings map[string]string
	pool     string // of the nodes
}

func newAccount(t *testing.T, name string, addresses int) account {
	t.Helper()
	sim := awssim.New(func(o *awssim.Options) {
		o.AddressQuota, o.PendingFor, o.ShuttingDownFor = addresses, 0, 0
		o.InsyncAfter, o.EC2Latency = 100*time.Millisecond, awssim.Range{Min: 5 * time.Millisecond, Max: 20 * time.Millisecond}
	})
	for range addresses {
		if _, err := sim.Allocate("", map[string]string{"Pool": name}); err != nil {
			t.Fatal(err)
		}
	}
	zone, err := sim.CreateZone("example.com")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return account{sim, map[string]string{
		"AWS_REGION": sim.Region(), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ENDPOINT_URL":            server.URL,
		"XDG_DATA_HOME":               t.TempDir(),
		"EIPBINDER_SUFFIX":            name + ".example.com",
		"EIPBINDER_HOSTED_ZONE_ID":    zone,
		"EIPBINDER_POOL_TAGS":         "Pool=" + name,
		"EIPBINDER_INSTANCE_TAGS":     "karpenter.sh/nodepool=" + name,
		"EIPBINDER_ASSOCIATE_LIMIT":   "50/20",
		"EIPBINDER_LEASE":             "2s",
		"EIPBINDER_LATE_CALLS":        "500ms",
		"EIPBINDER_CONFIRM_AFTER":     "1s",
		"EIPBINDER_COOL_DOWN":         "0s",
		"EIPBINDER_DNS_FIRST_LOOK":    "50ms",
		"EIPBINDER_DNS_POLL_INTERVAL": "50ms",
	}, name}
}

// process is one replica.
type process struct {
	cmd    *exec.Cmd
	output *bytes.Buffer
	ended  chan error
}

// start starts a replica with the kubeconfig.
func (a account) start(t *testing.T, kubeconfig []byte, args ...string) *process {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{output: &bytes.Buffer{}, ended: make(chan error, 1)}
	p.cmd = exec.Command(os.Args[0], append([]string{
		"--kubeconfig", path, "--node-selector", "karpenter.sh/nodepool=" + a.pool, "--leader-id", "test-" + a.pool,
		"--leader-lease", "3s", "--metrics-address", "0", "--health-address", "0", "--sweep-every", "2s", "--window", "50ms",
	}, args...)...)
	p.cmd.Env = []string{asController + "=1"}
	for variable, value := range a.settings {
		p.cmd.Env = append(p.cmd.Env, variable+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(p.kill)
	return p
}

// kill sends SIGKILL, and waits for the end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	p.ended <- <-p.ended
}

// over reports whether it has ended by itself.
func (p *process) over() bool {
	select {
	case err := <-p.ended:
		p.ended <- err
		return true
	default:
		return false
	}
}

var foreign = corev1.Taint{Key: "example.com/theirs", Effect: corev1.TaintEffectNoSchedule}

// launch starts instances and creates their Nodes, gated and registered.
func (a account) launch(t *testing.T, kube client.Client, count int) (ids []string) {
	t.Helper()
	ids, err := a.Launch(awssim.LaunchSpec{Count: count, Interfaces: 2, Tags: map[string]string{"karpenter.sh/nodepool": a.pool}})
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", a.pool, i), Labels: map[string]string{
				"karpenter.sh/nodepool": a.pool, "karpenter.sh/registered": "true",
			}},
			Spec: corev1.NodeSpec{ProviderID: "aws:///eu-central-1a/" + id, Taints: []corev1.Taint{
				foreign, {Key: "eipbinder.io/unbound", Effect: corev1.TaintEffectNoSchedule},
			}},
		}
		if err := kube.Create(t.Context(), node); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = kube.Delete(context.WithoutCancel(t.Context()), node) })
	}
	return ids
}

func (a account) nodes(t *testing.T, kube client.Client) []corev1.Node {
	t.Helper()
	var list corev1.NodeList
	if err := kube.List(t.Context(), &list, client.MatchingLabels{"karpenter.sh/nodepool": a.pool}); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// usable counts the nodes whose gate is open.
func (a account) usable(t *testing.T, kube client.Client) int {
	t.Helper()
	n := 0
	for _, node := range a.nodes(t, kube) {
		if len(node.Spec.Taints) == 1 && node.Labels[k8snode.LabelState] == k8snode.StateBound {
			n++
		}
	}
	return n
}

func newClient(t *testing.T) client.Client {
	t.Helper()
	needControlPlane(t)
	kube, err := client.New(controlPlane.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return kube
}

// Replicas are killed at random while many nodes arrive, and while some of them
// leave (no more than a sweep may take back at once): nothing is bound twice, and nothing is lost.
func TestReplicasAreKilled(t *testing.T) {
	const count = 200
	kube := newClient(t)
	a := newAccount(t, "killed", count)
	var replicas [3]*process
	for i := range replicas {
		replicas[i] = a.start(t, controlPlane.KubeConfig)
	}
	ids := a.launch(t, kube, count)
	kills := a.killUntil(t, replicas[:], func() bool { return a.usable(t, kube) == count })
	a.check(t, kube, ids)

	for i, node := range a.nodes(t, kube) {
		id := node.Spec.ProviderID[strings.LastIndex(node.Spec.ProviderID, "/")+1:]
		if i%5 > 0 {
			continue
		}
		if err := errors.Join(a.Terminate(id), kube.Delete(t.Context(), &node)); err != nil {
			t.Fatal(err)
		}
		ids = slices.DeleteFunc(ids, func(other string) bool { return other == id })
	}
	b := a.binder(t)
	kills += a.killUntil(t, replicas[:], func() bool { return a.settled(t, b) })
	a.check(t, kube, ids)
	t.Logf("%d replicas were killed", kills)
	if kills < 3 {
		t.Error("too few to say anything")
	}
}

// killUntil kills a replica now and then until it is so, and starts those anew that
// have ended.
func (a account) killUntil(t *testing.T, replicas []*process, so func() bool) (kills int) {
	t.Helper()
	began, next := time.Now(), time.Now().Add(500*time.Millisecond)
	for !so() {
		if time.Since(began) > 3*time.Minute {
			for _, p := range replicas {
				p.kill()
				t.Logf("a replica says:\n%s", p.output)
			}
			t.Fatal("not within 3 min")
		}
		if kills < 8 && time.Now().After(next) {
			replicas[rand.IntN(len(replicas))].kill()
			kills++
			next = time.Now().Add(time.Duration(500+rand.IntN(2500)) * time.Millisecond)
		}
		for i, p := range replicas {
			if p.over() {
				replicas[i] = a.start(t, controlPlane.KubeConfig)
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return kills
}

// binder is one in this process, on the same records.
func (a account) binder(t *testing.T) deployment.Binder {
	t.Helper()
	getenv := func(variable string) string { return a.settings[variable] }
	config, err := deployment.FromEnv(getenv)
	if err != nil {
		t.Fatal(err)
	}
	endpoint := a.settings["AWS_ENDPOINT_URL"]
	cfg := aws.Config{Region: a.Region(), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), BaseEndpoint: &endpoint}
	records, err := openStore(t.Context(), config, cfg, getenv)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := records.close(); err != nil {
			t.Error(err)
		}
	})
	b, err := deployment.Build(config, cfg, records)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// settled reports whether there is nothing left to do.
func (a account) settled(t *testing.T, b deployment.Binder) bool {
	t.Helper()
	report, err := b.Sweep(t.Context(), func(o *binder.SweepOptions) { o.DryRun = true })
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) > 0 {
		t.Errorf("found: %+v", report.Findings)
	}
	return len(report.Actions) == 0
}

// check compares nodes, addresses and instances.
func (a account) check(t *testing.T, kube client.Client, ids []string) {
	t.Helper()
	held := map[string][]string{}
	for _, address := range a.Addresses() {
		if address.InstanceID != "" {
			held[address.InstanceID] = append(held[address.InstanceID], address.IP.String())
		}
	}
	if len(held) != len(ids) {
		t.Errorf("%d instances hold addresses, want %d", len(held), len(ids))
	}
	for _, node := range a.nodes(t, kube) {
		id := node.Spec.ProviderID[strings.LastIndex(node.Spec.ProviderID, "/")+1:]
		if got := held[id]; len(got) != 1 || got[0] != node.Annotations[k8snode.AnnotationAddress] {
			t.Errorf("%s holds %v, the node says %s", id, got, node.Annotations[k8snode.AnnotationAddress])
		}
		if len(node.Spec.Taints) != 1 || !node.Spec.Taints[0].MatchTaint(&foreign) {
			t.Errorf("%s has the taints %v", node.Name, node.Spec.Taints)
		}
	}
}

// One command, with a kubeconfig, serves a cluster from outside.
func TestOutOfCluster(t *testing.T) {
	kube := newClient(t)
	a := newAccount(t, "outside", 3)
	var out strings.Builder
	var mu sync.Mutex
	ctx, cancel := context.WithCancel(t.Context())
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, controlPlane.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	for variable, value := range a.settings {
		t.Setenv(variable, value)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{
			"--kubeconfig", path, "--node-selector", "karpenter.sh/nodepool=outside", "--leader-id", "outside",
			"--metrics-address", "127.0.0.1:0", "--health-address", "127.0.0.1:0",
		}, os.Getenv, writerFunc(func(line []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return out.Write(line)
		}))
	}()
	ids := a.launch(t, kube, 3)
	for began := time.Now(); a.usable(t, kube) < 3; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			mu.Lock()
			defer mu.Unlock()
			t.Fatalf("not usable; it says:\n%s", out.String())
		}
	}
	a.check(t, kube, ids)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(line []byte) (int, error) { return f(line) }

// boundEvents counts the nodes whose events say that they are bound.
func (a account) boundEvents(t *testing.T, kube client.Client) int {
	t.Helper()
	var list eventsv1.EventList
	if err := kube.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range list.Items {
		if e.Reason == "Bound" && strings.HasPrefix(e.Regarding.Name, a.pool+"-") {
			n++
		}
	}
	return n
}
