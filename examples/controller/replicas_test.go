package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
	program  string // empty: the test's own
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
	}, name, ""}
}

// inFile is the account with a configuration file in place of variables, which
// also has the controller's own settings.
func (a account) inFile(t *testing.T, controller map[string]any) account {
	t.Helper()
	profile := map[string]any{"name": "default"}
	file := map[string]any{"profiles": []any{profile}, deployment.ControllerSection: controller}
	a.settings = maps.Clone(a.settings)
	for _, s := range deployment.Settings() {
		value, given := a.settings[s.Variable]
		switch delete(a.settings, s.Variable); {
		case !given:
		case s.Key == "suffix" || s.Key == "poolTags" || s.Key == "instanceTags":
			profile[s.Key] = value
		default:
			file[s.Key] = value
		}
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	a.settings[deployment.EnvConfig] = string(text)
	return a
}

// process is one replica, or another program.
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
	cmd := exec.Command(cmp.Or(a.program, os.Args[0]), append([]string{
		"--kubeconfig", path, "--node-selector", "karpenter.sh/nodepool=" + a.pool, "--leader-id", "test-" + a.pool,
		"--leader-lease", "3s", "--metrics-address", "0", "--health-address", "0", "--sweep-every", "2s", "--window", "50ms",
	}, args...)...)
	cmd.Env = append(a.variables(), asController+"=1")
	return startProcess(t, cmd)
}

// variables are the account's settings as an environment.
func (a account) variables() (all []string) {
	for variable, value := range a.settings {
		all = append(all, variable+"="+value)
	}
	return all
}

// startProcess starts a program that runs until the test ends, with all that it
// starts itself.
func startProcess(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, output: &bytes.Buffer{}, ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- cmd.Wait() }() // until nobody can write any more
	t.Cleanup(p.kill)
	return p
}

// signal sends a signal as a terminal does: to all of them.
func (p *process) signal(s syscall.Signal) {
	if !p.over() {
		_ = syscall.Kill(-p.cmd.Process.Pid, s)
	}
}

// kill sends SIGKILL, and waits for the end.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
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
		gated := slices.ContainsFunc(node.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == "eipbinder.io/unbound" })
		if !gated && node.Labels[k8snode.LabelState] == k8snode.StateBound {
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

// configured are the account's settings, and how to reach it.
func (a account) configured(t *testing.T) (deployment.Config, aws.Config) {
	t.Helper()
	config, err := deployment.FromEnv(func(variable string) string { return a.settings[variable] })
	if err != nil {
		t.Fatal(err)
	}
	endpoint := a.settings["AWS_ENDPOINT_URL"]
	return config, aws.Config{Region: a.Region(), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), BaseEndpoint: &endpoint}
}

// records are those of the replicas.
func (a account) records(t *testing.T) opened {
	t.Helper()
	config, cfg := a.configured(t)
	records, err := openStore(t.Context(), config, cfg, func(variable string) string { return a.settings[variable] })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := records.close(); err != nil {
			t.Error(err)
		}
	})
	return records
}

// binder is one in this process, on the same records.
func (a account) binder(t *testing.T) deployment.Binder {
	t.Helper()
	config, cfg := a.configured(t)
	b, err := deployment.Build(config, cfg, a.records(t))
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

// held are the addresses that instances hold.
func (a account) held() map[string][]string {
	held := map[string][]string{}
	for _, address := range a.Addresses() {
		if address.InstanceID != "" {
			held[address.InstanceID] = append(held[address.InstanceID], address.IP.String())
		}
	}
	return held
}

// check compares nodes, addresses and instances.
func (a account) check(t *testing.T, kube client.Client, ids []string) {
	t.Helper()
	held := a.held()
	if len(held) != len(ids) {
		t.Errorf("%d instances hold addresses, want %d", len(held), len(ids))
	}
	for _, node := range a.nodes(t, kube) {
		id := node.Spec.ProviderID[strings.LastIndex(node.Spec.ProviderID, "/")+1:]
		if got := held[id]; len(got) != 1 || got[0] != node.Annotations[k8snode.AnnotationAddress] {
			t.Errorf("%s holds %v, the node says %s", id, got, node.Annotations[k8snode.AnnotationAddress])
		}
		if !slices.ContainsFunc(node.Spec.Taints, func(taint corev1.Taint) bool { return taint.MatchTaint(&foreign) }) {
			t.Errorf("%s lost %s: it has %v", node.Name, foreign.Key, node.Spec.Taints)
		}
	}
}

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
