package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
)

const configText = `
hostedZoneID: Z0123456789ABCDEFGHIJ
profiles:
  - name: media
    suffix: media.example.com
    instanceTags: karpenter.sh/nodepool=media
    poolTags: Pool=media
`

func none(string) string { return "" }

func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "eipbinder.yaml")
	if err := os.WriteFile(path, []byte(configText), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := parse([]string{
		"--config", path, "--taint", "example.com/gate:NoExecute", "--dry-pool=admit", "--ready-pods", "app in (media, turn)", "--log-level", "debug",
	}, none, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var o k8snode.Options
	for _, set := range s.controller {
		set(&o)
	}
	want := corev1.Taint{Key: "example.com/gate", Effect: corev1.TaintEffectNoExecute}
	if o.Taint != want || o.DryPool != k8snode.Admit || o.ReadyPods.String() != "app in (media,turn)" || len(o.LeavingTaints) != 2 {
		t.Errorf("%+v", o)
	}
	if s.deployment.Profiles[0].Suffix != "media.example.com." || s.leaderNamespace != "default" {
		t.Errorf("%+v", s)
	}
}

// What is wrong is said all at once, with the name of each flag and field.
func TestWrongSettings(t *testing.T) {
	_, err := parse([]string{"--node-selector", "a b", "--taint", "gate", "--ready-pods", "=", "--leader-lease", "1ms"}, none, io.Discard)
	for _, name := range []string{"--node-selector", "--taint", "--ready-pods", "--leader-lease", "EIPBINDER_SUFFIX", "EIPBINDER_POOL_TAGS"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in: %v", name, err)
		}
	}
	if _, err := parse([]string{"--config", "/absent.yaml"}, none, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
	if _, err := parse([]string{"--help"}, none, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
	if _, err := parse([]string{"extra"}, none, io.Discard); err == nil {
		t.Error("an argument was ignored")
	}
}
