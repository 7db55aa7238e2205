// Command controller binds Elastic IP addresses and DNS names to the nodes of a
// Kubernetes cluster, such as Karpenter's, and keeps pods away from a node until
// it has both. It is configured like the other examples, by the file that
// EIPBINDER_CONFIG names or by other EIPBINDER_ variables; and by flags, which may
// stand in that file, too, in the section controller. Outside of a cluster:
//
//	EIPBINDER_CONFIG=~/eipbinder.yaml go run ./examples/controller --kubeconfig ~/.kube/config
//
// Records are kept in DynamoDB if a table is named, or as EIPBINDER_STORE says;
// else in a SQLite file, which is enough for one replica that keeps its disk. The
// tables of a SQL store are made at the start.
//
// Folder chart has a Helm chart for it, and README.md says more.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	kubeconfig "sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func main() {
	err := run(ctrl.SetupSignalHandler(), os.Args[1:], os.Getenv, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		newLogger(os.Stderr, slog.LevelInfo).Error("the controller cannot go on", "error", err)
		os.Exit(1)
	}
}

// run runs the controller until the context ends, or it loses its leadership.
func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) (err error) {
	s, err := parse(args, getenv, stderr)
	if err != nil {
		return err
	}
	logger := newLogger(stderr, s.logLevel)
	aws, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithLogger(forSDK(logger)))
	if err != nil {
		return err
	}
	records, err := openStore(ctx, s.deployment, aws, getenv)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, records.close()) }()
	logger.Info("records", "store", records.where)

	meter := newMeter()
	b, err := deployment.Build(s.deployment, aws, records.Store, func(o *binder.Options) {
		o.Logger, o.Observer, o.StartHidden = logger, meter, s.startHidden
	})
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
	sweeps := newSweeps()
	controller, err := k8snode.New(measured{b, sweeps, stock}, append(s.controller, s.claims(records), func(o *k8snode.Options) {
		limit, share := s.deployment.Pace.Associate, s.deployment.Pace.Share
		o.Logger, o.AssociateBurst = logger, int(float64(limit.Burst)*share)
		o.AssociateEvery = time.Duration(float64(time.Second) / (limit.Refill * share))
	})...)
	if err != nil {
		return err
	}
	for _, c := range slices.Concat(meter.collectors(), sweeps.collectors(), []prometheus.Collector{stock.addresses}) {
		if err := metrics.Registry.Register(c); err != nil {
			return err
		}
	}
	return s.manage(ctx, controller)
}

// manage runs the controller in a manager. When the context ends, its calls end,
// and then the Lease is given back, so that another replica goes on at once. When
// the Lease is lost, it is an error at once, and calls may still be under way: the
// process ends, and until then the leases of the records keep both leaders apart.
func (s settings) manage(ctx context.Context, c *k8snode.Controller) error {
	cluster, err := s.cluster()
	if err != nil {
		return fmt.Errorf("%s: %w", s.given.of("kubeconfig"), err)
	}
	cached := c.Cache()
	cached.DefaultWatchErrorHandler = tellMissingRights
	renew, retry := s.leaderLease*2/3, s.leaderLease*2/15
	mgr, err := ctrl.NewManager(cluster, ctrl.Options{
		Cache:                         cached,
		Metrics:                       metricsserver.Options{BindAddress: s.metricsAddress},
		HealthProbeBindAddress:        s.healthAddress,
		LeaderElection:                s.leaderElect,
		LeaderElectionID:              s.leaderID,
		LeaderElectionNamespace:       s.leaderNamespace,
		LeaderElectionReleaseOnCancel: true, // the process ends with Start
		LeaseDuration:                 &s.leaderLease,
		RenewDeadline:                 &renew,
		RetryPeriod:                   &retry,
	})
	if err != nil {
		return err
	}
	if err := errors.Join(addProbes(ctx, mgr), c.SetupWithManager(mgr)); err != nil {
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
