package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// settings are what flags, the configuration file and the environment say.
type settings struct {
	deployment deployment.Config
	controller []func(*k8snode.Options)
	// startHidden is binder.Options.StartHidden, which ready pods need.
	startHidden bool
	given       labelled

	kubeconfig      string
	leaderElect     bool
	leaderID        string
	leaderNamespace string
	leaderLease     time.Duration
	metricsAddress  string
	healthAddress   string
	logLevel        slog.Level
}

// parse reads the flags, and the configuration that they or the environment name,
// whose section controller has what is not given as a flag. The error joins all
// that is wrong, and names each flag and field.
func parse(args []string, getenv func(string) string, stderr io.Writer) (settings, error) {
	s := settings{given: labelled{}}
	var nodes nodeFlags
	flags := flag.NewFlagSet("eipbinder-controller", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are for the caller to tell
	config := flags.String("config", "", "configuration file with profiles; overrides "+deployment.EnvConfig)
	s.register(flags)
	nodes.register(flags)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stderr)
			fmt.Fprintln(stderr, "flags of eipbinder-controller, which the configuration file may have in its section "+deployment.ControllerSection+", too:")
			flags.PrintDefaults()
		}
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("%q is not a flag: --help lists them", flags.Arg(0))
	}
	var err error
	s.deployment, err = deployment.FromEnv(func(variable string) string {
		if variable == deployment.EnvConfig && *config != "" {
			return *config
		}
		return getenv(variable)
	}, section(flags, s.given))
	options, wrongNodes := nodes.options(s.given)
	s.controller, s.startHidden = options, nodes.readyPods != ""
	s.leaderNamespace = cmp.Or(s.leaderNamespace, ownNamespace(), "default")
	return s, errors.Join(wrongNodes, s.check(), err)
}

func (s *settings) register(flags *flag.FlagSet) {
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster; by default $KUBECONFIG, the cluster that this runs in, or ~/.kube/config")
	flags.BoolVar(&s.leaderElect, "leader-elect", true, "let one of several replicas work")
	flags.StringVar(&s.leaderID, "leader-id", "eipbinder-controller", "name of the Lease that they compete for")
	flags.StringVar(&s.leaderNamespace, "leader-namespace", "", "namespace of that Lease; by default the own one, or default outside of a cluster")
	flags.DurationVar(&s.leaderLease, "leader-lease", 15*time.Second, "how long a replica that is gone still counts as the leader")
	flags.StringVar(&s.metricsAddress, "metrics-address", ":8080", "where Prometheus finds /metrics; 0: nowhere")
	flags.StringVar(&s.healthAddress, "health-address", ":8081", "where kubelet finds /healthz and /readyz; 0: nowhere")
	flags.TextVar(&s.logLevel, "log-level", slog.LevelInfo, "`level`: debug, info, warn or error")
}

// nodeFlags are the flags of the options of package k8snode.
type nodeFlags struct {
	selector, taint, registered, dryPool, readyPods, readyNamespace string

	leaving                                                       list
	deployment                                                    string
	dryTimeout, window, callTime, sweepEvery, sweepTime, patience time.Duration
	concurrency                                                   int
}

func (f *nodeFlags) register(flags *flag.FlagSet) {
	f.leaving = list{"karpenter.sh/disrupted", "karpenter.sh/disruption"}
	flags.StringVar(&f.selector, "node-selector", "karpenter.sh/nodepool", "labels of the nodes to serve, such as karpenter.sh/nodepool=media")
	flags.StringVar(&f.taint, "taint", "eipbinder.io/unbound:NoSchedule", "startup taint KEY:EFFECT that is removed once a node is bound; empty: none")
	flags.StringVar(&f.registered, "registered-label", "karpenter.sh/registered", "label that must be true before the taint is removed; empty for nodes that are not Karpenter's")
	flags.Var(&f.leaving, "leaving-taints", "`keys` of taints that announce a node's end, with commas")
	flags.StringVar(&f.deployment, "deployment", "", "whose the nodes are that this claims: another for each store; by default what names the store, or for SQLite the Lease")
	flags.StringVar(&f.dryPool, "dry-pool", string(k8snode.Wait), "what becomes of a node for which the pool has no address: wait, or admit")
	flags.DurationVar(&f.dryTimeout, "dry-timeout", 5*time.Minute, "for how long the pool must have had no address for a node until it is admitted without one")
	flags.StringVar(&f.readyPods, "ready-pods", "", "labels of pods of which one must be Ready for schedule servers to see a worker; empty: none need be")
	flags.StringVar(&f.readyNamespace, "ready-namespace", "", "namespace of these pods; empty: all")
	flags.DurationVar(&f.window, "window", 200*time.Millisecond, "how long a node waits for others to share a call")
	flags.DurationVar(&f.callTime, "call-time", 5*time.Minute, "how long binding a batch of nodes, or hiding one, may take before it is tried again")
	flags.DurationVar(&f.sweepEvery, "sweep-every", 2*time.Minute, "time between sweeps")
	flags.DurationVar(&f.sweepTime, "sweep-time", 10*time.Minute, "how long a sweep may take before the next one goes on with it")
	flags.DurationVar(&f.patience, "patience", 30*time.Second, "for how long a node waits before an event says why")
	flags.IntVar(&f.concurrency, "concurrency", 16, "how many nodes are looked at, drained or patched at once")
}

// options returns what the flags say for k8snode.New.
func (f nodeFlags) options(given labelled) ([]func(*k8snode.Options), error) {
	w := &wrong{given: given}
	selector, taint := w.selector("node-selector", f.selector), w.taint("taint", f.taint)
	var pods labels.Selector
	if f.readyPods != "" {
		pods = w.selector("ready-pods", f.readyPods)
	}
	f.check(w)
	set := func(o *k8snode.Options) {
		o.Selector, o.Taint = selector, taint
		o.RegisteredLabel, o.LeavingTaints = f.registered, f.leaving
		o.DryPool, o.DryTimeout = k8snode.DryPool(f.dryPool), f.dryTimeout
		o.Deployment = f.deployment
		o.ReadyPods, o.ReadyNamespace = pods, f.readyNamespace
		o.Window, o.CallTime, o.SweepEvery, o.SweepTime = f.window, f.callTime, f.sweepEvery, f.sweepTime
		o.Patience, o.Concurrency = f.patience, f.concurrency
	}
	return []func(*k8snode.Options){set}, w.joined()
}

// claims completes the name of the deployment: all with the same records have the
// same, and nobody else. A file may be anybody's of that name: it counts as that of
// the Lease, whose holder alone works.
func (s settings) claims(records opened) func(*k8snode.Options) {
	const longest = 100
	name := cmp.Or(records.name, "sqlite/"+s.leaderNamespace+"/"+s.leaderID)
	if len(name) > longest {
		sum := sha256.Sum256([]byte(name))
		name = name[:longest-17] + "-" + hex.EncodeToString(sum[:8])
	}
	return func(o *k8snode.Options) { o.Deployment = cmp.Or(o.Deployment, name) }
}

// ownNamespace is where this runs in a cluster; empty outside of one.
func ownNamespace() string {
	namespace, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(namespace))
}

// fromFile reads a kubeconfig. The API server's priority and fairness limits the
// requests.
func fromFile(path string) (*rest.Config, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, err
	}
	cfg.QPS = -1
	return cfg, nil
}
