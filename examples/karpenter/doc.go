// Package karpenter has nothing to import. Its test is examples/controller at
// work, with the NodePool and the EC2NodeClass that lie there: Karpenter, with its
// AWS provider, launches instances for pending pods; the controller binds them;
// pods are scheduled as soon as their worker's gate is open; and all is taken
// back when workers go. What is real: kube-apiserver, etcd, kube-scheduler,
// Karpenter, the controller's process. What stands in: moto for EC2, Route 53 and
// SQS, dynoxide for DynamoDB, a few lines for kubelets' registration, and kwok for
// the rest of what they do.
//
// The test needs the folder of programs that .ci/kube/build makes:
//
//	KUBEBUILDER_ASSETS=$(.ci/kube/build) go test -race ./examples/karpenter
//
// It is skipped without; with EIPBINDER_REQUIRE_KUBE it fails. Where Linux allows
// that, it runs in a network of its own.
package karpenter
