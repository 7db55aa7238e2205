package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
)

// wrong collects what is wrong, by flag, or by the path in the file.
type wrong struct {
	given labelled
	errs  []error
}

func (w *wrong) add(flag, format string, args ...any) {
	w.errs = append(w.errs, fmt.Errorf("%s: %w", w.given.of(flag), fmt.Errorf(format, args...)))
}

func (w *wrong) joined() error { return errors.Join(w.errs...) }

// names adds what is not a name, as Kubernetes sees it.
func (w *wrong) names(flag, value string, problems []string) {
	for _, problem := range problems {
		w.add(flag, "%q: %s", value, problem)
	}
}

// label adds a key that no label and no taint can have.
func (w *wrong) label(flag, key string) {
	if key != "" {
		w.names(flag, key, validation.IsQualifiedName(key))
	}
}

func (w *wrong) namespace(flag, name string) {
	if name != "" {
		w.names(flag, name, validation.IsDNS1123Label(name))
	}
}

func (w *wrong) atLeast(flag string, value, least time.Duration) {
	if value < least {
		w.add(flag, "%s is less than %s", value, least)
	}
}

// address adds what nobody can listen on.
func (w *wrong) address(flag, address string) {
	if address == "0" {
		return
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		w.add(flag, "%q is neither HOST:PORT nor 0: %w", address, err)
	}
}

// selector parses labels of nodes or pods.
func (w *wrong) selector(flag, text string) labels.Selector {
	selector, err := labels.Parse(text)
	if err != nil {
		w.add(flag, "%w", err)
	}
	return selector
}

// taint parses KEY:EFFECT.
func (w *wrong) taint(flag, text string) corev1.Taint {
	key, effect, _ := strings.Cut(text, ":")
	if !validTaint(key, effect) {
		w.add(flag, "%q is not KEY:EFFECT with the effect NoSchedule, PreferNoSchedule or NoExecute", text)
	}
	w.label(flag, key)
	return corev1.Taint{Key: key, Effect: corev1.TaintEffect(effect)}
}

func validTaint(key, effect string) bool {
	switch corev1.TaintEffect(effect) {
	case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
		return key != ""
	}
	return key == "" && effect == ""
}

func (s settings) check() error {
	w := wrong{given: s.given}
	w.atLeast("leader-lease", s.leaderLease, time.Second)
	w.names("leader-id", s.leaderID, validation.IsDNS1123Subdomain(s.leaderID))
	w.namespace("leader-namespace", s.leaderNamespace)
	w.address("metrics-address", s.metricsAddress)
	w.address("health-address", s.healthAddress)
	if _, port, _ := net.SplitHostPort(s.healthAddress); s.healthAddress == s.metricsAddress && s.healthAddress != "0" && port != "0" {
		w.add("health-address", "%s is that of %s", s.healthAddress, s.given.of("metrics-address"))
	}
	return w.joined()
}

func (f nodeFlags) check(w *wrong) {
	w.label("registered-label", f.registered)
	for _, key := range f.leaving {
		w.label("leaving-taints", key)
	}
	if unprintable := func(c rune) bool { return c <= ' ' || c > '~' }; len(f.deployment) > 100 || strings.ContainsFunc(f.deployment, unprintable) {
		w.add("deployment", "%q is not up to 100 printable ASCII characters, without spaces", f.deployment)
	}
	if p := k8snode.DryPool(f.dryPool); p != k8snode.Wait && p != k8snode.Admit {
		w.add("dry-pool", "%q is neither %s nor %s", f.dryPool, k8snode.Wait, k8snode.Admit)
	}
	w.namespace("ready-namespace", f.readyNamespace)
	w.atLeast("dry-timeout", f.dryTimeout, 0)
	w.atLeast("window", f.window, 0)
	w.atLeast("patience", f.patience, 0)
	w.atLeast("call-time", f.callTime, time.Second)
	w.atLeast("sweep-every", f.sweepEvery, time.Second)
	w.atLeast("sweep-time", f.sweepTime, time.Second)
	if f.concurrency < 1 {
		w.add("concurrency", "%d is less than 1", f.concurrency)
	}
}
