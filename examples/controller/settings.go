package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// settings are what flags and environment say.
type settings struct {
	deployment deployment.Config
	controller []func(*k8snode.Options)
	// startHidden is binder.Options.StartHidden, which ready pods need.
	startHidden bool

	kubeconfig      string
	leaderElect     bool
	leaderID        string
	leaderNamespace string
	leaderLease     time.Duration
	metricsAddress  string
	healthAddress   string
	logLevel        slog.Level
}

// parse reads the flags, and the configuration that they or the environment name.
// The error joins all that is wrong, and names each field.
func parse(args []string, getenv func(string) string, stderr io.Writer) (settings, error) {
	var s settings
	var nodes nodeFlags
	flags := flag.NewFlagSet("eipbinder-controller", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are for the caller to tell
	config := flags.String("config", "", "configuration file with profiles; overrides "+deployment.EnvConfig)
	s.register(flags)
	nodes.register(flags)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stderr)
			fmt.Fprintln(stderr, "flags of eipbinder-controller:")
			flags.PrintDefaults()
		}
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("%q is not a flag: --help lists them", flags.Arg(0))
	}
	options, err := nodes.options()
	s.controller, s.startHidden = options, nodes.readyPods != ""
	s.leaderNamespace = cmp.Or(s.leaderNamespace, ownNamespace(), "default")
	errs := []error{err, s.check()}
	s.deployment, err = deployment.FromEnv(func(variable string) string {
		if variable == deployment.EnvConfig && *config != "" {
			return *config
		}
		return getenv(variable)
	})
	return s, errors.Join(append(errs, err)...)
}

func (s *settings) register(flags *flag.FlagSet) {
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster; by default $KUBECONFIG, the cluster that this runs in, or ~/.kube/config")
	flags.BoolVar(&s.leaderElect, "leader-elect", true, "let one of several replicas work")
	flags.StringVar(&s.leaderID, "leader-id", "eipbinder-controller", "name of the Lease that they compete for")
	flags.StringVar(&s.leaderNamespace, "leader-namespace", "", "namespace of that Lease; by default the own one, or default outside of a cluster")
	flags.DurationVar(&s.leaderLease, "leader-lease", 15*time.Second, "how long a replica that is gone still counts as the leader")
	flags.StringVar(&s.metricsAddress, "metrics-address", ":8080", "where Prometheus finds /metrics; 0: nowhere")
	flags.StringVar(&s.healthAddress, "health-address", ":8081", "where kubelet finds /healthz and /readyz; 0: nowhere")
	flags.TextVar(&s.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
}

// nodeFlags are the flags of the options of package k8snode.
type nodeFlags struct {
	selector, taint, registered, leaving, dryPool, readyPods, readyNamespace string

	dryTimeout, window, sweepEvery, patience time.Duration
	concurrency                              int
}

func (f *nodeFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.selector, "node-selector", "karpenter.sh/nodepool", "labels of the nodes to serve, such as karpenter.sh/nodepool=media")
	flags.StringVar(&f.taint, "taint", "eipbinder.io/unbound:NoSchedule", "startup taint KEY:EFFECT that is removed once a node is bound; empty: none")
	flags.StringVar(&f.registered, "registered-label", "karpenter.sh/registered", "label that must be true before the taint is removed; empty for nodes that are not Karpenter's")
	flags.StringVar(&f.leaving, "leaving-taints", "karpenter.sh/disrupted,karpenter.sh/disruption", "keys of taints that announce a node's end")
	flags.StringVar(&f.dryPool, "dry-pool", string(k8snode.Wait), "what becomes of a node for which the pool has no address: wait, or admit")
	flags.DurationVar(&f.dryTimeout, "dry-timeout", 5*time.Minute, "for how long the pool must have had no address for a node until it is admitted without one")
	flags.StringVar(&f.readyPods, "ready-pods", "", "labels of pods of which one must be Ready for schedule servers to see a worker; empty: none need be")
	flags.StringVar(&f.readyNamespace, "ready-namespace", "", "namespace of these pods; empty: all")
	flags.DurationVar(&f.window, "window", 200*time.Millisecond, "how long a node waits for others to share a call")
	flags.DurationVar(&f.sweepEvery, "sweep-every", 2*time.Minute, "time between sweeps")
	flags.DurationVar(&f.patience, "patience", 30*time.Second, "for how long a node waits before an event says why")
	flags.IntVar(&f.concurrency, "concurrency", 16, "how many nodes are looked at, drained or patched at once")
}

// options returns what the flags say for k8snode.New.
func (f nodeFlags) options() ([]func(*k8snode.Options), error) {
	selector, err := labels.Parse(f.selector)
	if err != nil {
		err = fmt.Errorf("--node-selector: %w", err)
	}
	errs := []error{err}
	key, effect, _ := strings.Cut(f.taint, ":")
	if !validTaint(key, effect) {
		errs = append(errs, fmt.Errorf("--taint: %q is not KEY:EFFECT with the effect NoSchedule, PreferNoSchedule or NoExecute", f.taint))
	}
	var pods labels.Selector
	if f.readyPods != "" {
		if pods, err = labels.Parse(f.readyPods); err != nil {
			errs = append(errs, fmt.Errorf("--ready-pods: %w", err))
		}
	}
	set := func(o *k8snode.Options) {
		o.Selector, o.Taint = selector, corev1.Taint{Key: key, Effect: corev1.TaintEffect(effect)}
		o.RegisteredLabel, o.LeavingTaints = f.registered, split(f.leaving)
		o.DryPool, o.DryTimeout = k8snode.DryPool(f.dryPool), f.dryTimeout
		o.ReadyPods, o.ReadyNamespace = pods, f.readyNamespace
		o.Window, o.SweepEvery, o.Patience, o.Concurrency = f.window, f.sweepEvery, f.patience, f.concurrency
	}
	return []func(*k8snode.Options){set}, errors.Join(append(errs, f.check())...)
}

func validTaint(key, effect string) bool {
	switch corev1.TaintEffect(effect) {
	case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
		return key != ""
	}
	return key == "" && effect == ""
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
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
