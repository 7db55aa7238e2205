package main

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
)

const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

// workload is deploy/workload.yaml, with folders of this machine in place of what
// the pod mounts.
type workload struct {
	objects []*unstructured.Unstructured
	pod     corev1.PodSpec
	folders map[string]string // by mount path
	bin     string            // first on the PATH
}

func newWorkload(t *testing.T) workload {
	t.Helper()
	text, err := os.ReadFile("deploy/workload.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := decode(text)
	if err != nil || len(objects) != 4 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	var deployment appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(only(t, objects, "Deployment").Object, &deployment); err != nil {
		t.Fatal(err)
	}
	return workload{objects, deployment.Spec.Template.Spec, map[string]string{accountFolder: t.TempDir(), "/identity": t.TempDir()}, t.TempDir()}
}

// program puts a script on the PATH.
func (w workload) program(t *testing.T, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.bin, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
}

// join does what kubelet does for the pod's account: a token and the cluster's
// certificate are in its folder.
func (w workload) join(t *testing.T, kube client.Client) {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: w.pod.ServiceAccountName, Namespace: "default"}}
	request := &authenticationv1.TokenRequest{}
	if err := kube.SubResource("token").Create(t.Context(), account, request); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"token": []byte(request.Status.Token), "ca.crt": controlPlane.Config.CAData} {
		if err := os.WriteFile(filepath.Join(w.folders[accountFolder], name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a container's command on the node, and returns what it writes.
func (w workload) run(t *testing.T, c corev1.Container, node string, variables ...string) (string, error) {
	t.Helper()
	command := append([]string{}, c.Command...)
	for path, folder := range w.folders {
		if mounts := strings.Count(strings.Join(command, "\n"), path); path == "/identity" && mounts != 1 {
			t.Fatalf("%d uses of %s", mounts, path)
		}
		for i := range command {
			command[i] = strings.ReplaceAll(command[i], path, folder)
		}
	}
	server, err := url.Parse(controlPlane.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = []string{
		"PATH=" + w.bin + ":/usr/local/bin:/usr/bin:/bin",
		"KUBERNETES_SERVICE_HOST=" + server.Hostname(), "KUBERNETES_SERVICE_PORT=" + server.Port(),
	}
	for _, v := range c.Env {
		if v.ValueFrom != nil && v.ValueFrom.FieldRef.FieldPath == "spec.nodeName" {
			v.Value = node
		}
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	cmd.Env = append(cmd.Env, variables...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err = cmd.Run()
	return output.String(), err
}

// identity is what the init container has left.
func (w workload) identity(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.folders["/identity"], "environment"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// The example's pod waits until its node is bound, and then knows its address and
// name: its very commands run here, with its account's token and rights.
func TestWorkloadExample(t *testing.T) {
	kube := newClient(t)
	w := newWorkload(t)
	for _, o := range w.objects {
		if err := strictly(t, kube, o); err != nil {
			t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
	a := newAccount(t, "workload", 1)
	ids := a.launch(t, kube, 1)
	node := a.nodes(t, kube)[0].Name
	account := only(t, w.objects, "ServiceAccount")
	giveRights(t, kube, []*unstructured.Unstructured{account})
	w.join(t, kube)
	output, err := w.run(t, w.pod.InitContainers[0], node)
	if err == nil || !strings.Contains(output, "403") || !strings.Contains(output, "the node "+node+" cannot be read") || w.identity(t) != "" {
		t.Errorf("without rights: %v, %s", err, output)
	}
	giveRights(t, kube, slices.DeleteFunc(w.objects, func(o *unstructured.Unstructured) bool { return o == account }))
	w.onOddNode(t, kube)
	output, err = w.run(t, w.pod.InitContainers[0], node, "WAIT_SECONDS=0")
	if err == nil || output != "the node "+node+" has no address and name after 0 s\n" || w.identity(t) != "" {
		t.Errorf("for too long: %v, %s", err, output)
	}

	looked := filepath.Join(t.TempDir(), "looked")
	w.program(t, "sleep", "echo >> "+looked+"; exec /bin/sleep 0.1")
	ended := make(chan error, 1)
	go func() {
		text, err := w.run(t, w.pod.InitContainers[0], node)
		output = text
		ended <- err
	}()
	waiting := func() bool {
		text, err := os.ReadFile(looked)
		return err == nil && len(text) > 2 || len(ended) > 0
	}
	if !within(time.Minute, waiting) || len(ended) > 0 || w.identity(t) != "" {
		t.Fatal("it does not wait")
	}
	controller := a.start(t, controlPlane.KubeConfig)
	if err := <-ended; err != nil {
		t.Fatalf("it does not see the binding: %v, %s", err, output)
	}
	controller.kill()
	a.check(t, kube, ids)
	is := a.nodes(t, kube)[0].Annotations
	if got, want := w.identity(t), "PUBLIC_IP="+is[k8snode.AnnotationAddress]+"\nPUBLIC_NAME="+is[k8snode.AnnotationName]+"\n"; got != want || len(is) < 2 {
		t.Errorf("it has written %q, want %q", got, want)
	}
	w.program(t, "media-server", `echo "$PUBLIC_IP is $PUBLIC_NAME"`)
	output, err = w.run(t, w.pod.Containers[0], node)
	if want := is[k8snode.AnnotationAddress] + " is " + is[k8snode.AnnotationName] + "\n"; err != nil || output != want {
		t.Errorf("the server: %v, %q, want %q", err, output, want)
	}
}

// onOddNode runs it on a node that was let in without an address. What somebody
// else writes there is neither taken for an address or a name, nor run by a shell.
func (w workload) onOddNode(t *testing.T, kube client.Client) {
	t.Helper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:   "odd",
		Labels: map[string]string{k8snode.LabelGaveUp: "true"},
		Annotations: map[string]string{
			k8snode.AnnotationAddress: "203.0.113.7; touch /tmp/odd",
			"example.com/note":        "\n\"eipbinder.io/name\": \"else.example.com\"\n",
		},
	}}
	if err := kube.Create(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	output, err := w.run(t, w.pod.InitContainers[0], node.Name)
	if got := w.identity(t); err != nil || got != "PUBLIC_IP=\nPUBLIC_NAME=\n" {
		t.Errorf("on a node without: %v, %s, %q", err, output, got)
	}
	if err := os.Remove(filepath.Join(w.folders["/identity"], "environment")); err != nil {
		t.Fatal(err)
	}
	if err := kube.Delete(t.Context(), node); err != nil {
		t.Fatal(err)
	}
}
