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

// What is wrong in the file is said with the path of each field.
func TestWrongFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "eipbinder.yaml")
	text := strings.NewReplacer("suffix: media.example.com", "suffix: a..b", "poolTags: Pool=media", "poolTags: Pool=media\n    ttl: soon").Replace(configText)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := parse([]string{"--config", path}, none, io.Discard)
	for _, field := range []string{"profiles[0].suffix", "profiles[0].ttl"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not in: %v", field, err)
		}
	}
}

// What is wrong is said all at once, with the name of each flag and field.
func TestWrongSettings(t *testing.T) {
	wrong := map[string]string{
		"node-selector": "a b", "taint": "gate", "registered-label": "a b", "leaving-taints": "a/b/c", "dry-pool": "maybe", "dry-timeout": "-1s",
		"ready-pods": "=", "ready-namespace": "A", "window": "-1s", "sweep-every": "0", "patience": "-1s", "concurrency": "0",
		"leader-lease": "1ms", "leader-id": "A b", "leader-namespace": "a.b", "metrics-address": "8080", "health-address": ":70000",
	}
	var args []string
	for name, value := range wrong {
		args = append(args, "--"+name+"="+value)
	}
	_, err := parse(args, none, io.Discard)
	if err == nil {
		t.Fatal("all of it was taken")
	}
	for name := range wrong {
		if n := strings.Count("\n"+err.Error(), "\n--"+name+": "); n != 1 {
			t.Errorf("%d lines about --%s:\n%v", n, name, err)
		}
	}
	for _, name := range []string{"EIPBINDER_SUFFIX", "EIPBINDER_POOL_TAGS"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in: %v", name, err)
		}
	}
	_, err = parse([]string{"--health-address=:8080", "--sweep-every=soon"}, none, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "-sweep-every") {
		t.Errorf("a time that is none: %v", err)
	}
	_, err = parse([]string{"--health-address=:8080"}, none, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "--health-address: :8080 is that of --metrics-address") {
		t.Errorf("one address for two: %v", err)
	}
	if _, err := parse([]string{"--config", "/absent.yaml"}, none, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
	var help strings.Builder
	if _, err := parse([]string{"--help"}, none, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-ready-pods") {
		t.Errorf("--help: %v, %s", err, help.String())
	}
	if _, err := parse([]string{"extra"}, none, io.Discard); err == nil {
		t.Error("an argument was ignored")
	}
}
