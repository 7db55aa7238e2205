// Command controller binds Elastic IP addresses and DNS names to the nodes of a
// Kubernetes cluster, such as Karpenter's, and keeps pods away from a node until
// it has both. It is configured like the other examples, by the file that
// EIPBINDER_CONFIG names or by other EIPBINDER_ variables, and by flags for what
// concerns the cluster. Outside of one, with a kubeconfig:
//
//	EIPBINDER_CONFIG=examples/eipbinder.yaml go run ./examples/controller --kubeconfig ~/.kube/config
//
// Records are kept in DynamoDB if a table is named, or as EIPBINDER_STORE says;
// else in a SQLite file, which is enough for one replica that keeps its disk. The
// tables of a SQL store are made at the start.
//
// Folder chart has a Helm chart for it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	kubeconfig "sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func main() {
	err := run(ctrl.SetupSignalHandler(), os.Args[1:], os.Getenv, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "eipbinder-controller:", err)
		os.Exit(1)
	}
}

// run runs the controller until the context ends, or it loses its leadership.
func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) (err error) {
	s, err := parse(args, getenv, stderr)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: s.logLevel}))
	ctrl.SetLogger(logr.FromSlogHandler(logger.Handler()))
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	records, err := openStore(ctx, s.deployment, aws, getenv)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, records.close()) }()
	logger.Info("records", "store", records.where)

	watch := &observers{meter: newMeter()}
	b, err := deployment.Build(s.deployment, aws, records.Store, func(o *binder.Options) { o.Logger, o.Observer = logger, watch })
	if err != nil {
		return err
	}
	if s.deployment.Check {
		if err := deployment.Check(ctx, b, logger); err != nil {
			return err
		}
	}
	stock, err := newStock(s.deployment, aws, records.Store, logger)
	if err != nil {
		return err
	}
	watch.controller, err = k8snode.New(counted{b, stock}, append(s.controller, func(o *k8snode.Options) { o.Logger = logger })...)
	if err != nil {
		return err
	}
	for _, c := range append(watch.meter.collectors(), stock.addresses) {
		if err := metrics.Registry.Register(c); err != nil {
			return err
		}
	}
	return s.manage(ctx, watch.controller)
}

// manage runs the controller in a manager.
func (s settings) manage(ctx context.Context, c *k8snode.Controller) error {
	cluster, err := s.cluster()
	if err != nil {
		return fmt.Errorf("--kubeconfig: %w", err)
	}
	renew, retry := s.leaderLease*2/3, s.leaderLease*2/15
	mgr, err := ctrl.NewManager(cluster, ctrl.Options{
		Cache:                         c.Cache(),
		Metrics:                       metricsserver.Options{BindAddress: s.metricsAddress},
		HealthProbeBindAddress:        s.healthAddress,
		LeaderElection:                s.leaderElect,
		LeaderElectionID:              s.leaderID,
		LeaderElectionNamespace:       s.leaderNamespace,
		LeaderElectionReleaseOnCancel: true, // nothing is done after Start
		LeaseDuration:                 &s.leaderLease,
		RenewDeadline:                 &renew,
		RetryPeriod:                   &retry,
	})
	if err != nil {
		return err
	}
	if err := errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping), c.SetupWithManager(mgr)); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// cluster returns how to reach the API server: as the flag says, or the variable
// KUBECONFIG, or from inside of a cluster, or by ~/.kube/config.
func (s settings) cluster() (*rest.Config, error) {
	if s.kubeconfig == "" {
		return kubeconfig.GetConfig()
	}
	return fromFile(s.kubeconfig)
}
