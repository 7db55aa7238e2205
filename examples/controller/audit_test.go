package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	// audited is the group of users whose requests the API server writes down.
	audited = "eipbinder:audited"
	// auditPolicy writes a request of theirs when it begins to be answered.
	auditPolicy = `{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
		"rules": [{"level": "Metadata", "userGroups": ["` + audited + `"]}, {"level": "None"}]}`
)

// auditLog is the path of the API server's audit log.
var auditLog string

// keepAuditLog makes the API server keep one in the folder.
func keepAuditLog(control *envtest.ControlPlane, folder string) error {
	auditLog = filepath.Join(folder, "audit.log")
	policy := filepath.Join(folder, "policy.json")
	control.GetAPIServer().Configure().Set("audit-policy-file", policy).Set("audit-log-path", auditLog)
	return os.WriteFile(policy, []byte(auditPolicy), 0o600)
}

// right is that of one verb on one kind of objects. An empty namespace means all
// of them, and an empty name all objects.
type right struct{ verb, group, resource, namespace, name string }

// granted returns the rights of the roles.
func granted(t *testing.T, objects []*unstructured.Unstructured) map[right]bool {
	t.Helper()
	rights := map[right]bool{}
	for _, o := range objects {
		if o.GetKind() != "ClusterRole" && o.GetKind() != "Role" {
			continue
		}
		var role rbacv1.Role // a ClusterRole has no other rules
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			for _, verb := range rule.Verbs {
				r := right{verb: verb, group: rule.APIGroups[0], resource: rule.Resources[0], namespace: o.GetNamespace()}
				if len(rule.ResourceNames) > 0 {
					r.name = rule.ResourceNames[0]
				}
				if len(rule.APIGroups) != 1 || len(rule.Resources) != 1 || len(rule.ResourceNames) > 1 || rights[r] {
					t.Errorf("%s %s: one of each is enough: %v", o.GetKind(), o.GetName(), rule)
				}
				rights[r] = true
			}
		}
	}
	return rights
}

// request is what the audit log says of one.
type request struct {
	Verb string
	User struct{ Username string }
	Ref  *struct{ APIGroup, Resource, Namespace, Name, Subresource string } `json:"objectRef"`

	Annotations map[string]string
}

// forbidden reports whether the user lacked the right.
func (r request) forbidden() bool { return r.Annotations["authorization.k8s.io/decision"] == "forbid" }

// right returns what the request took of the rights.
func (r request) right(rights map[right]bool) right {
	exact := right{r.Verb, r.Ref.APIGroup, r.Ref.Resource, r.Ref.Namespace, r.Ref.Name}
	if r.Ref.Subresource != "" {
		exact.resource += "/" + r.Ref.Subresource
	}
	for _, wider := range []right{exact, {exact.verb, exact.group, exact.resource, exact.namespace, ""}, {exact.verb, exact.group, exact.resource, "", ""}} {
		if rights[wider] {
			return wider
		}
	}
	return exact
}

// requests returns those of the user that are about objects.
func requests(t *testing.T, user string) (found []request) {
	t.Helper()
	file, err := os.Open(auditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // half written
		}
		if r.Ref != nil && r.User.Username == user {
			found = append(found, r)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
