package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// controlPlane is the API server of all tests of this package; nil: there is none.
var controlPlane *envtest.Environment

// asController makes the test's program the controller.
const asController = "EIPBINDER_TEST_AS_CONTROLLER"

func TestMain(m *testing.M) {
	if os.Getenv(asController) != "" {
		main()
		return
	}
	ctrl.SetLogger(logr.FromSlogHandler(slog.DiscardHandler))
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
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
	env.ControlPlane.APIServer.Out, env.ControlPlane.APIServer.Err = io.Discard, io.Discard
	folder, err := os.MkdirTemp("", "eipbinder-controller-")
	if err == nil {
		defer os.RemoveAll(folder)
		err = keepAuditLog(&env.ControlPlane, folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "set up the audit log:", err)
		return 1
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

// needControlPlane skips the test without an API server, unless there must be one.
func needControlPlane(t *testing.T) {
	t.Helper()
	if controlPlane != nil {
		return
	}
	const how = "kube-apiserver and etcd are missing: build them with .ci/kube/build, and set KUBEBUILDER_ASSETS to their folder"
	if os.Getenv("EIPBINDER_REQUIRE_KUBE") != "" {
		t.Fatal(how)
	}
	t.Skip(how)
}
