package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// addProbes makes the manager healthy as long as it answers, and ready once it
// knows the cluster's nodes. A replica that only waits to take over knows them,
// too, so that it can begin at once; one that may not read them is never ready.
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
