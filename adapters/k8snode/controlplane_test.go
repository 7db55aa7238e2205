package k8snode

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// controlPlane is the API server of all tests of this package; nil: there is none.
var controlPlane *envtest.Environment

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(run(m))
}

// run starts one control plane for all tests: that takes seconds.
func run(m *testing.M) int {
	if !haveBinaries() {
		return m.Run()
	}
	env := &envtest.Environment{ControlPlaneStartTimeout: time.Minute, ControlPlaneStopTimeout: time.Minute}
	env.ControlPlane.GetAPIServer().Configure().
		Append("disable-admission-plugins", "TaintNodesByCondition"). // its taint needs a controller manager to go
		Set("advertise-address", "127.0.0.1").
		Set("endpoint-reconciler-type", "none")
	env.ControlPlane.Etcd = &envtest.Etcd{}
	env.ControlPlane.Etcd.Configure().Enable("unsafe-no-fsync")
	if os.Getenv("EIPBINDER_KUBE_OUTPUT") == "" {
		env.ControlPlane.APIServer.Out, env.ControlPlane.APIServer.Err = io.Discard, io.Discard
	}
	if _, err := env.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "start the control plane:", err)
		return 1
	}
	controlPlane = env
	code := m.Run()
	if err := env.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the control plane:", err)
		return 1
	}
	return code
}

// haveBinaries reports whether envtest would find its programs.
func haveBinaries() bool {
	folder := os.Getenv("KUBEBUILDER_ASSETS")
	for _, program := range []string{"kube-apiserver", "etcd"} {
		if _, err := os.Stat(filepath.Join(folder, program)); folder == "" || err != nil {
			return false
		}
	}
	return true
}

// APIServer is how a test reaches the API server. Without one it skips the test,
// unless there must be one.
func APIServer(t *testing.T) *rest.Config {
	t.Helper()
	if controlPlane != nil {
		return rest.CopyConfig(controlPlane.Config)
	}
	const how = "kube-apiserver and etcd are missing: build them with .ci/kube/build, and set KUBEBUILDER_ASSETS to their folder"
	if os.Getenv("EIPBINDER_REQUIRE_KUBE") != "" {
		t.Fatal(how)
	}
	t.Skip(how)
	return nil
}
