package karpenter

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What kwok looks for.
const (
	kwokAnnotation = "kwok.x-k8s.io/node"
	kwokValue      = "fake"
)

// startKubelets registers a Node for every instance that Karpenter launches, as
// the kubelet on it does when it starts, with the labels and taints that the
// instance's user data tells it to, until the test ends. All else is kwok's.
func startKubelets(tb testing.TB, c *cluster, w *cloud) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		registered := map[string]bool{}
		for ctx.Err() == nil {
			for _, instance := range w.launched(ctx, tb) {
				if id := *instance.InstanceId; !registered[id] {
					registered[id] = true
					if err := register(ctx, c, w, instance); err != nil && ctx.Err() == nil {
						tb.Errorf("registering the node of %s: %v", id, err)
					}
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(pollEvery):
			}
		}
	}()
	tb.Cleanup(func() { cancel(); <-done })
}

// launched returns Karpenter's instances that run.
func (w *cloud) launched(ctx context.Context, tb testing.TB) []types.Instance {
	out, err := w.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []types.Filter{
		{Name: aws.String("tag-key"), Values: []string{"karpenter.sh/nodepool"}},
		{Name: aws.String("instance-state-name"), Values: []string{"running"}},
	}})
	if err != nil {
		if ctx.Err() == nil {
			tb.Errorf("looking for instances: %v", err)
		}
		return nil
	}
	var found []types.Instance
	for _, r := range out.Reservations {
		found = append(found, r.Instances...)
	}
	return found
}

func register(ctx context.Context, c *cluster, w *cloud, instance types.Instance) error {
	t, err := w.told(ctx, *instance.InstanceId)
	if err != nil {
		return err
	}
	return c.Create(ctx, nodeOf(instance, t))
}

func nodeOf(instance types.Instance, t told) *corev1.Node {
	zone := *instance.Placement.AvailabilityZone
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        *instance.PrivateDnsName,
			Annotations: map[string]string{kwokAnnotation: kwokValue},
			Labels: map[string]string{
				corev1.LabelHostname:           *instance.PrivateDnsName,
				corev1.LabelArchStable:         "amd64",
				corev1.LabelOSStable:           "linux",
				corev1.LabelInstanceTypeStable: string(instance.InstanceType),
				corev1.LabelTopologyZone:       zone,
				corev1.LabelTopologyRegion:     region,
			},
		},
		Spec: corev1.NodeSpec{ProviderID: "aws:///" + zone + "/" + *instance.InstanceId, Taints: t.taints},
	}
	maps.Copy(node.Labels, t.labels)
	return node
}
