package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

// Where the program says how it is: TestReleased asks there.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// given are the chart's values, but for the program's configuration.
type given struct {
	Replicas int32
	Image    struct {
		Repository, Tag string
		PullPolicy      corev1.PullPolicy
	}
	ImagePullSecrets []corev1.LocalObjectReference
	ServiceAccount   struct {
		Create      bool
		Name        string
		Annotations map[string]string
	}
	Region            string
	Env               []corev1.EnvVar
	Resources         corev1.ResourceRequirements
	PodAnnotations    map[string]string
	NodeSelector      map[string]string
	Tolerations       []corev1.Toleration
	PriorityClassName string
}

// coalesced returns the values with the chart's own where they say nothing, and the
// chart's version of the program.
func coalesced(t *testing.T, values map[string]any) (g given, version string) {
	t.Helper()
	chart, err := loader.Load("chart")
	if err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.CoalesceValues(chart, values)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g, chart.AppVersion()
}

// typed returns the objects of a kind.
func typed[T any](t *testing.T, objects []*unstructured.Unstructured, kind string) (all []T) {
	t.Helper()
	for _, o := range objects {
		if o.GetKind() != kind {
			continue
		}
		var one T
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, &one, true); err != nil {
			t.Fatalf("%s %s: %v", kind, o.GetName(), err)
		}
		all = append(all, one)
	}
	return all
}

// wantEqual compares what is rendered with what is wanted; nothing and empty are
// the same.
func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if !equality.Semantic.DeepEqual(got, want) {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

// wantOperations compares how the program is run with what the values say, and with
// what the program does.
func wantOperations(t *testing.T, objects []*unstructured.Unstructured, values map[string]any) {
	t.Helper()
	v, version := coalesced(t, values)
	d := typed[appsv1.Deployment](t, objects, "Deployment")[0]
	wantPods(t, d, v)
	wantContainer(t, d.Spec.Template.Spec.Containers, v, version)
	wantConfigured(t, d.Spec.Template.Spec, objects)
	wantPorts(t, d.Spec.Template.Spec.Containers[0], objects)
	wantAccount(t, objects, d, v)
	for _, budget := range typed[policyv1.PodDisruptionBudget](t, objects, "PodDisruptionBudget") {
		wantSelected(t, "the PodDisruptionBudget", budget.Spec.Selector, d)
		wantEqual(t, "its namespace", budget.Namespace, d.Namespace)
		if n := budget.Spec.MaxUnavailable; n == nil || n.String() != "1" || budget.Spec.MinAvailable != nil {
			t.Errorf("of the pods %v may be missing, and %v must be there", n, budget.Spec.MinAvailable)
		}
	}
}

// wantSelected checks that the selector finds the Deployment's pods, and those of
// no other release.
func wantSelected(t *testing.T, whose string, s *metav1.LabelSelector, d appsv1.Deployment) {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	other := labels.Merge(d.Spec.Template.Labels, labels.Set{"app.kubernetes.io/instance": "other"})
	if !selector.Matches(labels.Set(d.Spec.Template.Labels)) || selector.Matches(other) {
		t.Errorf("%s selects %v, the pods' labels are %v", whose, selector, d.Spec.Template.Labels)
	}
}

// wantPods checks what the Deployment says of its pods.
func wantPods(t *testing.T, d appsv1.Deployment, v given) {
	t.Helper()
	pod := d.Spec.Template.Spec
	wantEqual(t, "replicas", *d.Spec.Replicas, v.Replicas)
	wantSelected(t, "the Deployment", d.Spec.Selector, d)
	for _, spread := range pod.TopologySpreadConstraints {
		wantSelected(t, "the topology spread", spread.LabelSelector, d)
	}
	wantEqual(t, "spread over", len(pod.TopologySpreadConstraints), 1)
	annotations := labels.Merge(nil, d.Spec.Template.Annotations)
	delete(annotations, "checksum/config")
	wantEqual(t, "annotations", map[string]string(annotations), v.PodAnnotations)
	wantEqual(t, "nodeSelector", pod.NodeSelector, v.NodeSelector)
	wantEqual(t, "tolerations", pod.Tolerations, v.Tolerations)
	wantEqual(t, "priorityClassName", pod.PriorityClassName, v.PriorityClassName)
	wantEqual(t, "imagePullSecrets", pod.ImagePullSecrets, v.ImagePullSecrets)
	yes, nobody := true, int64(65532)
	wantEqual(t, "the pod's securityContext", pod.SecurityContext, &corev1.PodSecurityContext{
		RunAsNonRoot: &yes, RunAsUser: &nobody, RunAsGroup: &nobody, FSGroup: &nobody,
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	})
}

// wantContainer checks the one container.
func wantContainer(t *testing.T, containers []corev1.Container, v given, version string) {
	t.Helper()
	if len(containers) != 1 {
		t.Fatalf("%d containers", len(containers))
	}
	if v.Image.Tag != "" {
		version = v.Image.Tag
	}
	c := containers[0]
	wantEqual(t, "image", c.Image, v.Image.Repository+":"+version)
	wantEqual(t, "imagePullPolicy", c.ImagePullPolicy, v.Image.PullPolicy)
	wantEqual(t, "env", c.Env, append([]corev1.EnvVar{{Name: "AWS_REGION", Value: v.Region}}, v.Env...))
	wantEqual(t, "resources", c.Resources, v.Resources)
	yes, no := true, false
	wantEqual(t, "securityContext", c.SecurityContext, &corev1.SecurityContext{
		AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	})
}

// wantConfigured checks that the file is where the program is told to look.
func wantConfigured(t *testing.T, pod corev1.PodSpec, objects []*unstructured.Unstructured) {
	t.Helper()
	c, file := pod.Containers[0], typed[corev1.ConfigMap](t, objects, "ConfigMap")[0]
	mounted := map[string]string{} // names of ConfigMaps, by folder
	for _, m := range c.VolumeMounts {
		i := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		if i >= 0 && pod.Volumes[i].ConfigMap != nil {
			mounted[m.MountPath] = pod.Volumes[i].ConfigMap.Name
		}
	}
	where, _ := strings.CutPrefix(c.Args[0], "--config=")
	if _, there := file.Data[path.Base(where)]; !there || mounted[path.Dir(where)] != file.Name {
		t.Errorf("%s is not there: mounted are %v", where, mounted)
	}
}

// wantPorts compares ports and probes with what the program serves, which the chart
// leaves as it is by default.
func wantPorts(t *testing.T, c corev1.Container, objects []*unstructured.Unstructured) {
	t.Helper()
	config, args := contents(t, objects)
	s, err := parse(args[1:], func(variable string) string {
		if variable == "EIPBINDER_CONFIG" {
			return config
		}
		return ""
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]string{}
	for _, p := range c.Ports {
		served[p.Name] = fmt.Sprintf(":%d", p.ContainerPort)
	}
	wantEqual(t, "ports", served, map[string]string{"metrics": s.metricsAddress, "health": s.healthAddress})
	for name, probe := range map[string]struct {
		is   *corev1.Probe
		path string
	}{"startup": {c.StartupProbe, healthPath}, "liveness": {c.LivenessProbe, healthPath}, "readiness": {c.ReadinessProbe, readyPath}} {
		if probe.is == nil || probe.is.HTTPGet == nil {
			t.Errorf("there is no %s probe", name)
			continue
		}
		wantEqual(t, name+" probe's path", probe.is.HTTPGet.Path, probe.path)
		wantEqual(t, name+" probe's address", served[probe.is.HTTPGet.Port.String()], s.healthAddress)
	}
}

// wantAccount checks that the pods have the ServiceAccount that is made, or is
// there, and that it has the rights.
func wantAccount(t *testing.T, objects []*unstructured.Unstructured, d appsv1.Deployment, v given) {
	t.Helper()
	name := v.ServiceAccount.Name
	if name == "" {
		name = "eipbinder"
	}
	wantEqual(t, "serviceAccountName", d.Spec.Template.Spec.ServiceAccountName, name)
	for _, account := range typed[corev1.ServiceAccount](t, objects, "ServiceAccount") {
		wantEqual(t, "the ServiceAccount", account.Namespace+"/"+account.Name, d.Namespace+"/"+name)
		wantEqual(t, "its annotations", account.Annotations, v.ServiceAccount.Annotations)
	}
	subjects := []rbacv1.Subject{{Kind: "ServiceAccount", Name: name, Namespace: d.Namespace}}
	for _, b := range typed[rbacv1.ClusterRoleBinding](t, objects, "ClusterRoleBinding") {
		wantEqual(t, b.Name, b.Subjects, subjects)
	}
	for _, b := range typed[rbacv1.RoleBinding](t, objects, "RoleBinding") {
		wantEqual(t, b.Name, b.Subjects, subjects)
	}
}

// By default there are two replicas, and they have what they need. Prometheus is
// told the port, and a slow start is not the end.
func TestChartDefaults(t *testing.T) {
	objects, err := render("eipbinder", chartValues())
	if err != nil {
		t.Fatal(err)
	}
	d := typed[appsv1.Deployment](t, objects, "Deployment")[0]
	wantEqual(t, "replicas", *d.Spec.Replicas, int32(2))
	c := d.Spec.Template.Spec.Containers[0]
	for name, q := range map[string]interface{ IsZero() bool }{
		"CPU requested": c.Resources.Requests.Cpu(), "memory requested": c.Resources.Requests.Memory(), "limit of memory": c.Resources.Limits.Memory(),
	} {
		if q.IsZero() {
			t.Errorf("there is no %s", name)
		}
	}
	scraped := fmt.Sprint(d.Spec.Template.Annotations["prometheus.io/scrape"], " :", d.Spec.Template.Annotations["prometheus.io/port"])
	metrics := slices.IndexFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == "metrics" })
	wantEqual(t, "for Prometheus", scraped, fmt.Sprintf("true :%d", c.Ports[metrics].ContainerPort))
	start := time.Duration(c.StartupProbe.PeriodSeconds*c.StartupProbe.FailureThreshold) * time.Second
	if start != 5*time.Minute || !strings.Contains(readREADME(t), "the chart gives that five minutes") {
		t.Errorf("the start may take %v, and README.md says five minutes", start)
	}
}
