package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// addProbes makes the manager healthy as long as it answers, and ready once it
// knows the cluster's nodes. A replica that only waits to take over knows them,
// too, so that it can begin at once; one that may not read them is not ready.
func addProbes(ctx context.Context, mgr manager.Manager) error {
	if _, err := mgr.GetCache().GetInformer(ctx, &corev1.Node{}); err != nil {
		return err
	}
	return errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("nodes", synced(mgr.GetCache())))
}

func synced(c cache.Cache) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), 100*time.Millisecond) // kubelet waits for a second
		defer cancel()
		if !c.WaitForCacheSync(ctx) {
			return errors.New("the nodes are not read yet")
		}
		return nil
	}
}

// tellMissingRights says what to do if nodes, or pods, may not be read. The right
// may still come, so it is asked for again, with pauses of up to half a minute.
func tellMissingRights(ctx context.Context, r *toolscache.Reflector, err error) {
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		slog.ErrorContext(ctx, "the cluster cannot be read: until that is allowed, this replica is not ready, and binds nothing", "error", err)
		return
	}
	toolscache.DefaultWatchErrorHandler(ctx, r, err)
}
