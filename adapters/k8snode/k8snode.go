// Package k8snode drives a [binder.Binder], or a [binder.Mux], by the Nodes of a
// Kubernetes cluster, such as those that Karpenter launches. A [Controller] runs in
// a manager of controller-runtime:
//
//	c, err := k8snode.New(b)
//	if err != nil {
//		return err
//	}
//	options.Cache = c.Cache() // of the manager: keeps of a Node what is needed
//	…
//	if err := c.SetupWithManager(mgr); err != nil {
//		return err
//	}
//	return mgr.Start(ctx)
//
// # The gate
//
// A node starts with a taint that keeps pods away ([Options.Taint]; Karpenter's
// startupTaints). It is removed once the binding is usable: the address is
// associated, the name is in sync, the record is written. Karpenter puts startup
// taints back until it has registered the node, so the controller waits for that.
// One JSON patch, whose tests make it fail where somebody was faster, removes the
// taint and writes address, name and state to the node: what others change at
// the same time is never lost.
//
// # Leaving
//
// A node that is being deleted, or that Karpenter disrupts, is drained: schedule
// servers do not pick it any more, while its address and name stay. So is a
// cordoned one; uncordoned, it is shown again. The record says who has hidden a
// worker (binder.DrainOptions.By, HiddenBy), and so a controller shows only what a
// controller has hidden, whatever became of the Node meanwhile. When the
// Node is gone, the binding is taken back as soon as EC2 says that the instance
// is shutting down or terminated; while that runs on, it is hidden. No condition
// of the node, NotReady above all, takes an address away. There is no finalizer:
// the store remembers, and what happens while no controller runs is found by the
// first sweep of the next one.
//
// # Two deployments
//
// Before a node is bound, the controller claims it by an annotation: of two
// deployments that select the same nodes, with stores that know nothing of each
// other, one binds each of them, and the other says so on it
// ([Options.Deployment]). Sweeps bind what is claimed, too, and nothing else.
//
// # Many nodes
//
// Nodes that become due within a short window are one call of Reconcile, and each
// learns of its own instance as soon as that is settled (binder.WithOutcomes): its
// gate opens, or an event says what it waits for. What hides and shows workers are
// calls beside, of which no other node waits. A node costs the API server five
// requests in its life: a patch to claim it, a patch and an event when it is bound,
// an event when it leaves, an event when it is unbound. Waiting for a dry pool to
// let it in, and each hiding that may end, cost more.
//
// # Ready pods
//
// With [Options.ReadyPods], schedule servers see a worker only while such a pod
// is Ready on it. The Binder must be made with binder.Options.StartHidden, and so
// must every other one that binds the same instances: the worker is then hidden
// from the first write on, and shown for the first time by the first pod that is
// Ready.
//
// A Controller is safe for concurrent use. Of several replicas one works, by the
// manager's leader election; that two work for a moment does no harm.
package k8snode

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/eipbinder/eipbinder/binder"
)

// Binder is what a Controller calls; *binder.Binder has it, and *binder.Mux.
type Binder interface {
	Reconcile(ctx context.Context, ids ...string) ([]binder.Outcome, error)
	Drain(ctx context.Context, id string, optFns ...func(*binder.DrainOptions)) (binder.Outcome, error)
	Undrain(ctx context.Context, id string, optFns ...func(*binder.DrainOptions)) (binder.Outcome, error)
	Sweep(ctx context.Context, optFns ...func(*binder.SweepOptions)) (binder.Report, error)
}

// Hider is what a Binder must be in addition for Options.ReadyPods;
// *binder.Binder is, and *binder.Mux. What wraps one must forward it.
type Hider interface {
	// StartsHidden reports whether each new binding is hidden until Undrain.
	StartsHidden() bool
}

var (
	_ Binder = (*binder.Binder)(nil)
	_ Binder = (*binder.Mux)(nil)
	_ Hider  = (*binder.Binder)(nil)
	_ Hider  = (*binder.Mux)(nil)
)

// What the controller writes on a node. Names are annotations, since label values
// end at 63 characters.
const (
	// AnnotationAddress is the Elastic IP address, such as 203.0.113.7.
	AnnotationAddress = "eipbinder.io/address"
	// AnnotationName is the DNS name, without trailing dot.
	AnnotationName = "eipbinder.io/name"
	// AnnotationDeployment is the Options.Deployment of who binds the node.
	AnnotationDeployment = "eipbinder.io/deployment"
	// AnnotationDry is the time (RFC 3339) since when the pool was found to have no
	// address for the node, with the policy Admit.
	AnnotationDry = "eipbinder.io/pool-dry-since"
	// LabelAddress is the address once more, for selectors.
	LabelAddress = "eipbinder.io/address"
	// LabelState is StateBound or StateHidden; absent: nothing is bound.
	LabelState = "eipbinder.io/state"
	// LabelGaveUp is "true" on a node that was let in without an address.
	LabelGaveUp = "eipbinder.io/gave-up"
)

// The values of LabelState.
const (
	StateBound  = "bound"
	StateHidden = "hidden"
)

// Controller drives a Binder by Nodes. Make one with New.
type Controller struct {
	binder   Binder
	opts     Options
	looks    *looks
	orders   *orders
	client   client.Client
	reader   client.Reader // of the API server itself
	recorder events.EventRecorder
}

// New returns a Controller for the Binder, or a binder.ErrConfig that names the
// option. It does no I/O.
func New(b Binder, optFns ...func(*Options)) (*Controller, error) {
	if b == nil {
		return nil, errors.Join(binder.ErrConfig, errors.New("k8snode: Binder is nil"))
	}
	opts, err := resolve(optFns)
	if err != nil {
		return nil, err
	}
	hider, ok := b.(Hider)
	if opts.ReadyPods != nil && (!ok || !hider.StartsHidden()) {
		return nil, fmt.Errorf("%w: k8snode: Options.ReadyPods needs a Binder with binder.Options.StartHidden: without it, schedule servers see a worker before its pod is ready", binder.ErrConfig)
	}
	looks := newLooks(b, opts)
	return &Controller{binder: b, opts: opts, looks: looks, orders: newOrders(looks)}, nil
}

// name is the controller's among those of the manager, and in events.
const name = "eipbinder"

// SetupWithManager makes the manager run the controller and its sweeps.
func (c *Controller) SetupWithManager(mgr ctrl.Manager) error {
	c.client, c.reader, c.recorder = mgr.GetClient(), mgr.GetAPIReader(), mgr.GetEventRecorder(name)
	if err := c.watch(mgr); err != nil {
		return err
	}
	for _, r := range []manager.Runnable{c.looks, c.orders, sweeper{c}} {
		if err := mgr.Add(r); err != nil {
			return err
		}
	}
	return nil
}
