package k8snode

import (
	"context"
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/binder"
)

func claimOf(node *corev1.Node) string { return node.Annotations[AnnotationDeployment] }

// anothers reports whether another deployment has claimed the node, and nothing is
// known of a binding by this one, which may have had another name before.
func (w *worker) anothers() bool {
	claim := claimOf(w.node)
	return claim != "" && claim != w.opts.Deployment && !w.know.seen
}

// leaveAlone finds out whether the node of another deployment is bound by this one,
// and says so, once, if it is not.
func (w *worker) leaveAlone() time.Duration {
	o := w.know.outcome
	switch {
	case o == nil:
		w.looks.ask(w.id)
		return 0
	case o.Err != nil:
		w.tellWaiting(*o)
	case w.looks.tellOnce(w.id, "claimed"):
		w.warn("ClaimedByAnother", claimedBy(claimOf(w.node), w.opts.Deployment))
	}
	return w.askWhenDue(w.id, w.know)
}

func claimedBy(claim, ours string) string {
	return "the deployment " + claim + " has claimed the node, and this is " + ours + ": only one of them may select it"
}

// claim makes a node this deployment's that is nobody's yet, by a server-side apply:
// the API server lets one of several have it. Who was too late sees so in the cache.
// What was found out before is about a node that nobody had claimed.
func (w *worker) claim(ctx context.Context) (time.Duration, error) {
	if claimOf(w.node) != "" || w.know.claim == w.opts.Deployment {
		return 0, nil
	}
	options := []client.PatchOption{client.FieldOwner(name + "/" + w.opts.Deployment)}
	metadata := map[string]any{
		"name": w.node.Name, "uid": w.node.UID, "annotations": map[string]string{AnnotationDeployment: w.opts.Deployment},
	}
	if _, empty := w.node.Annotations[AnnotationDeployment]; empty { // somebody's, who claims nothing by that
		metadata["resourceVersion"] = w.node.ResourceVersion
		options = append(options, client.ForceOwnership)
	}
	data, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Node", "metadata": metadata})
	if err != nil {
		return 0, err
	}
	err = w.client.Patch(ctx, w.node, client.RawPatch(types.ApplyPatchType, data), options...)
	if err == nil {
		w.looks.change(w.id, func(e *entry) {
			e.claim = claimOf(w.node)
			e.again = e.again || e.call > 0 // that call may have been refused
		})
		w.know.outcome = nil
	}
	return w.sent(ctx, &patch{node: w.node}, err)
}

// unclaimed reports whether a node says that it is bound, which it is not, and that
// nobody has claimed: it was bound before there were claims, say.
func (w *worker) unclaimed() bool {
	o := w.know.outcome
	return claimOf(w.node) == "" && o != nil && o.Status.Waiting()
}

// claimed lets what is bound under the context be what this deployment has claimed.
func (l *looks) claimed(ctx context.Context) context.Context {
	return binder.WithRefused(ctx, func(id string) string {
		switch e := l.of(id); {
		case e.gone || e.claim == "":
			return "no node of it is claimed"
		case e.claim != l.opts.Deployment:
			return claimedBy(e.claim, l.opts.Deployment)
		}
		return ""
	})
}
