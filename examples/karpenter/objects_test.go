package karpenter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// manifests are the NodePool and the EC2NodeClass of examples/controller.
const manifests = "../controller/deploy/karpenter.yaml"

// startKarpenter starts Karpenter, and gives it the manifests.
func startKarpenter(tb testing.TB, c *cluster, w *cloud) *process {
	tb.Helper()
	karpenter := start(tb, w.settings(
		"KUBECONFIG="+c.kubeconfig(tb, "karpenter", "system:masters"),
		"CLUSTER_NAME="+clusterName, "CLUSTER_ENDPOINT="+c.config.Host, "CLUSTER_CA_BUNDLE=Y2E=",
		"INTERRUPTION_QUEUE="+queue,
		"ISOLATED_VPC=true", "DISABLE_DRY_RUN=true", "DISABLE_LEADER_ELECTION=true",
		"BATCH_IDLE_DURATION=200ms", "BATCH_MAX_DURATION=1s",
		"METRICS_PORT=0", "HEALTH_PROBE_PORT=0", // whichever are free
	), filepath.Join(c.folder, "karpenter"))

	for _, o := range documents(tb, manifests) {
		adapt(tb, w, o)
		must(tb, c.Create(tb.Context(), o))
	}
	return karpenter
}

// adapt changes what moto cannot do, and nothing else; TestManifests has them as
// they are.
func adapt(tb testing.TB, w *cloud, o *unstructured.Unstructured) {
	tb.Helper()
	switch o.GetKind() {
	case "EC2NodeClass":
		set(tb, o, "AL2023", "spec", "amiFamily") // as the alias says, for which moto has no parameter
		set(tb, o, []any{map[string]any{"id": w.image(tb)}}, "spec", "amiSelectorTerms")
		set(tb, o, false, "spec", "associatePublicIPAddress") // moto shows such a one as an Elastic IP address
	case "NodePool":
		where, _, err := unstructured.NestedSlice(o.Object, requirements()...)
		must(tb, err)
		few := map[string]any{"key": "node.kubernetes.io/instance-type", "operator": "In", "values": []any{"c5.large", "c5.xlarge"}}
		set(tb, o, append(where, few), requirements()...)                                // others are not in moto, or too large
		set(tb, o, []any{map[string]any{"nodes": "0"}}, "spec", "disruption", "budgets") // moto's instances look drifted
	default:
		tb.Fatalf("what to do with a %s?", o.GetKind())
	}
}

// documents reads a file of several.
func documents(tb testing.TB, path string) []*unstructured.Unstructured {
	tb.Helper()
	text, err := os.ReadFile(path)
	must(tb, err)
	return decode(tb, string(text))
}

func decode(tb testing.TB, text string) (all []*unstructured.Unstructured) {
	tb.Helper()
	for document := range strings.SplitSeq(text, "\n---\n") {
		o := &unstructured.Unstructured{}
		must(tb, yaml.UnmarshalStrict([]byte(document), &o.Object))
		all = append(all, o)
	}
	return all
}

func set(tb testing.TB, o *unstructured.Unstructured, value any, field ...string) {
	tb.Helper()
	must(tb, unstructured.SetNestedField(o.Object, value, field...))
}

// image returns a machine image that moto has.
func (w *cloud) image(tb testing.TB) string {
	tb.Helper()
	out, err := w.ec2.DescribeImages(tb.Context(), &ec2.DescribeImagesInput{})
	must(tb, err)
	for _, image := range out.Images {
		if image.Architecture == types.ArchitectureValuesX8664 && image.Platform == "" {
			return *image.ImageId
		}
	}
	tb.Fatal("moto has no image")
	return ""
}

// sessions keeps a pod, and so its worker, until it is taken away.
const sessions = "example.com/sessions"

// createPod makes a media server's pod. Its port is the worker's, so that each has
// a worker to itself.
func (c *cluster) createPod(tb testing.TB, name string, finalizers ...string) {
	tb.Helper()
	must(tb, c.Create(tb.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceDefault, Finalizers: finalizers},
		Spec: corev1.PodSpec{
			HostNetwork: true,
			Tolerations: []corev1.Toleration{{Key: "example.com/media", Operator: corev1.TolerationOpExists}},
			Containers: []corev1.Container{{
				Name: "media", Image: "media",
				Ports:     []corev1.ContainerPort{{ContainerPort: 3478, Protocol: corev1.ProtocolUDP}},
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}},
			}},
		},
	}))
}
