package k8snode

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/eipbinder/eipbinder/binder"
)

// DryPool says what becomes of a tainted node for which the pool has no address.
type DryPool string

// The policies.
const (
	// Wait keeps the taint for as long as there is no address.
	Wait DryPool = "wait"
	// Admit removes the taint once the pool has had no address for the node for
	// Options.DryTimeout, and labels the node with LabelGaveUp. It still gets the
	// next free address; then the label goes. The time begins when the pool is
	// first found dry for this node, and is noted on it (AnnotationDry): a restart
	// does not begin it anew.
	Admit DryPool = "admit"
)

// Options are a Controller's tunables. New fills in the defaults before it calls
// the option functions, so a zero set there means zero.
type Options struct {
	// Selector chooses the nodes by their labels. Default: karpenter.sh/nodepool
	// exists. (Karpenter up to 0.31 has karpenter.sh/provisioner-name.)
	Selector labels.Selector
	// Taint is the startup taint that keeps pods away; its value does not matter.
	// Default eipbinder.io/unbound:NoSchedule. The zero Taint: there is no gate.
	Taint corev1.Taint
	// RegisteredLabel must be "true" on a node before its taint is removed.
	// Default karpenter.sh/registered; empty for nodes that are not Karpenter's.
	RegisteredLabel string
	// LeavingTaints are keys of taints that announce a node's end; as long as it
	// has one, it is drained. Default karpenter.sh/disrupted, and
	// karpenter.sh/disruption of versions before 1.
	LeavingTaints []string
	// DryPool is what becomes of nodes when the pool is dry. Default Wait.
	DryPool DryPool
	// DryTimeout is for how long the pool must have had no address for a node until
	// Admit lets it in. Default 5 min.
	DryTimeout time.Duration
	// ReadyPods chooses pods of which one must be Ready on a worker for schedule
	// servers to see it; while none is, it is drained. It needs a Binder with
	// binder.Options.StartHidden, which New asks. Default nil: workers are visible
	// as soon as they are bound.
	ReadyPods labels.Selector
	// ReadyNamespace is where these pods are. Default: all namespaces.
	ReadyNamespace string
	// Deployment says whose a node is that this controller has claimed
	// (AnnotationDeployment): all replicas, and all controllers with the same store,
	// give the same; one with a store of its own gives another. A node that another
	// deployment has claimed gets no new binding. 1 to 100 printable ASCII characters, without spaces.
	// Default "eipbinder".
	Deployment string
	// Window is how long a node waits for others to share a call of Reconcile: a
	// call begins when no node was added for a Window, or after ten of them, and ten
	// after the call before. In a storm the next call gathers for as long as EC2
	// works on those before: until 150 addresses are associated at most, which are
	// 30 s by the default limit. Default 200 ms.
	Window time.Duration
	// AssociateBurst and AssociateEvery are the account's limit on AssociateAddress,
	// for what Window says: a burst of so many, and one more each time. Default 50
	// and 200 ms, which is EC2's.
	AssociateBurst int
	AssociateEvery time.Duration
	// CallTime bounds one call of Reconcile, Drain or Undrain; what is not done by
	// then is asked again. Default 5 min.
	CallTime time.Duration
	// SweepEvery is the time from the end of a sweep to the next one; the first
	// one is at the start. Default 2 min.
	SweepEvery time.Duration
	// SweepTime bounds one sweep. What it has not come to by then is the next one's,
	// after SweepEvery. It must be above zero. Default 10 min, in which EC2
	// associates 3,000 addresses.
	SweepTime time.Duration
	// Patience is for how long a node waits before an Event says why. An empty
	// pool and failures are told at once. Default 30 s.
	Patience time.Duration
	// Concurrency is how many nodes are looked at or patched at once, and how many
	// workers are hidden or shown beside that. Default 16.
	Concurrency int
	// Logger gets what sweeps find, and what fails. Default: silence.
	Logger *slog.Logger
}

func defaults() Options {
	exists, err := labels.NewRequirement("karpenter.sh/nodepool", selection.Exists, nil)
	if err != nil {
		panic(err) // it is constant
	}
	return Options{
		Selector:        labels.NewSelector().Add(*exists),
		Taint:           corev1.Taint{Key: "eipbinder.io/unbound", Effect: corev1.TaintEffectNoSchedule},
		RegisteredLabel: "karpenter.sh/registered",
		LeavingTaints:   []string{"karpenter.sh/disrupted", "karpenter.sh/disruption"},
		DryPool:         Wait,
		DryTimeout:      5 * time.Minute,
		Deployment:      "eipbinder",
		Window:          200 * time.Millisecond,
		AssociateBurst:  50,
		AssociateEvery:  200 * time.Millisecond,
		CallTime:        5 * time.Minute,
		SweepEvery:      2 * time.Minute,
		SweepTime:       10 * time.Minute,
		Patience:        30 * time.Second,
		Concurrency:     16,
		Logger:          slog.New(slog.DiscardHandler),
	}
}

func resolve(optFns []func(*Options)) (Options, error) {
	o := defaults()
	for _, fn := range optFns {
		fn(&o)
	}
	var errs []error
	require := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New("k8snode: "+what))
		}
	}
	require(o.Selector != nil, "Options.Selector is nil: leave it out for Karpenter's nodes")
	require((o.Taint.Key == "") == (o.Taint.Effect == ""), fmt.Sprintf("Options.Taint %q needs a key and an effect", o.Taint.ToString()))
	require(o.DryPool == Wait || o.DryPool == Admit, fmt.Sprintf("Options.DryPool %q is neither %q nor %q", o.DryPool, Wait, Admit))
	require(o.DryTimeout >= 0 && o.Window >= 0 && o.Patience >= 0, "Options.DryTimeout, Window and Patience must not be negative")
	unprintable := strings.ContainsFunc(o.Deployment, func(c rune) bool { return c <= ' ' || c > '~' })
	require(o.Deployment != "" && len(o.Deployment) <= 100 && !unprintable,
		fmt.Sprintf("Options.Deployment %q needs 1 to 100 printable ASCII characters, without spaces", o.Deployment))
	require(o.AssociateBurst >= 0 && o.AssociateEvery >= 0, "Options.AssociateBurst and AssociateEvery must not be negative")
	require(o.CallTime > 0, "Options.CallTime must be above zero")
	require(o.SweepEvery > 0, "Options.SweepEvery must be above zero")
	require(o.SweepTime > 0, "Options.SweepTime must be above zero")
	require(o.Concurrency > 0, "Options.Concurrency must be at least 1")
	require(o.Logger != nil, "Options.Logger is nil: leave it out for silence")
	if len(errs) > 0 {
		return Options{}, fmt.Errorf("%w: %w", binder.ErrConfig, errors.Join(errs...))
	}
	return o, nil
}
