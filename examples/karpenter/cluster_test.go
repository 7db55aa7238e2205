package karpenter

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// assets names the folder that .ci/kube/build makes.
const assets = "KUBEBUILDER_ASSETS"

// folder returns the folder of programs, or skips the test.
func folder(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv(assets)
	if _, err := os.Stat(filepath.Join(dir, "karpenter")); err == nil && dir != "" {
		return dir
	}
	const missing = "no Karpenter: KUBEBUILDER_ASSETS=$(.ci/kube/build)"
	if os.Getenv("EIPBINDER_REQUIRE_KUBE") != "" {
		tb.Fatal(missing)
	}
	tb.Skip(missing)
	return ""
}

// cluster is a control plane, with kwok in place of kubelets.
type cluster struct {
	client.Client
	config  *rest.Config
	control *envtest.Environment
	folder  string
}

// newCluster starts a cluster with a scheduler, and kwok.
func newCluster(tb testing.TB) *cluster {
	tb.Helper()
	c := newControlPlane(tb)
	kubeconfig := c.kubeconfig(tb, "system:kube-scheduler", "system:masters")
	start(tb, nil, filepath.Join(c.folder, "kube-scheduler"),
		"--kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
		"--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=0")
	c.startKwok(tb)
	return c
}

// newControlPlane starts an API server that knows Karpenter's resources.
func newControlPlane(tb testing.TB) *cluster {
	tb.Helper()
	c := &cluster{folder: folder(tb)}
	c.control = &envtest.Environment{
		BinaryAssetsDirectory:    c.folder,
		CRDDirectoryPaths:        []string{filepath.Join(c.folder, "crds")},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
	}
	c.control.ControlPlane.GetAPIServer().Configure().
		Set("advertise-address", "127.0.0.1"). // there may be no other
		Set("endpoint-reconciler-type", "none").
		// What these wait for, or put on, is kube-controller-manager's to make, or to take away.
		Set("disable-admission-plugins", "ServiceAccount", "TaintNodesByCondition")
	c.control.ControlPlane.Etcd = &envtest.Etcd{}
	c.control.ControlPlane.Etcd.Configure().Set("unsafe-no-fsync", "true")
	var err error
	if c.config, err = c.control.Start(); err != nil {
		tb.Fatalf("starting the control plane: %v", err)
	}
	tb.Cleanup(func() {
		if err := c.control.Stop(); err != nil {
			tb.Errorf("stopping the control plane: %v", err)
		}
	})
	if c.Client, err = client.New(c.config, client.Options{}); err != nil {
		tb.Fatal(err)
	}
	return c
}

// startKwok makes kwok care for the nodes with the annotation, and their pods.
func (c *cluster) startKwok(tb testing.TB) {
	tb.Helper()
	stages, err := filepath.Glob(filepath.Join(c.folder, "stages", "*.yaml"))
	if err != nil || len(stages) == 0 {
		tb.Fatalf("no stages for kwok in %s: %v", c.folder, err)
	}
	args := []string{
		"--kubeconfig", c.kubeconfig(tb, "kwok", "system:masters"),
		"--manage-all-nodes=false", "--manage-nodes-with-annotation-selector", kwokAnnotation + "=" + kwokValue,
	}
	for _, stage := range stages {
		args = append(args, "--config", stage)
	}
	start(tb, nil, filepath.Join(c.folder, "kwok"), args...)
}

// kubeconfig makes a user of the cluster, and returns the path of a file by which
// a program becomes that user.
func (c *cluster) kubeconfig(tb testing.TB, user string, groups ...string) string {
	tb.Helper()
	u, err := c.control.AddUser(envtest.User{Name: user, Groups: groups}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := u.KubeConfig()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
