package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// readJSON decodes a file in JSON.
func readJSON[T any](t *testing.T, path string) (decoded T) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return decoded
}

// accountOf returns the ServiceAccount of the release that README.md installs.
func accountOf(t *testing.T, values map[string]any) corev1.ServiceAccount {
	t.Helper()
	installs := regexp.MustCompile(`(?m)^helm install (\S+) examples/controller/chart --namespace kube-system `) // as render does
	release := installs.FindStringSubmatch(readREADME(t))
	if release == nil {
		t.Fatal("README.md does not install the chart in kube-system")
	}
	objects, err := render(release[1], values)
	if err != nil {
		t.Fatal(err)
	}
	return typed[corev1.ServiceAccount](t, objects, "ServiceAccount")[0]
}

// The trust policies of README.md are for the chart's ServiceAccount, and for no
// other (EKS User Guide, "Create IAM role with trust policy required by EKS Pod
// Identity" and "Assign IAM roles to Kubernetes service accounts").
func TestTrust(t *testing.T) {
	account := accountOf(t, chartValues())
	const issuer = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
	for path, want := range map[string]map[string]any{
		"deploy/trust-pod-identity.json": {
			"Effect": "Allow", "Principal": map[string]any{"Service": "pods.eks.amazonaws.com"},
			"Action": []any{"sts:AssumeRole", "sts:TagSession"},
			"Condition": map[string]any{"StringEquals": map[string]any{
				"aws:RequestTag/kubernetes-namespace": account.Namespace, "aws:RequestTag/kubernetes-service-account": account.Name,
			}},
		},
		"deploy/trust-irsa.json": {
			"Effect": "Allow", "Principal": map[string]any{"Federated": "arn:aws:iam::123456789012:oidc-provider/" + issuer},
			"Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": map[string]any{"StringEquals": map[string]any{
				issuer + ":aud": "sts.amazonaws.com", issuer + ":sub": "system:serviceaccount:" + account.Namespace + ":" + account.Name,
			}},
		},
	} {
		document := map[string]any{"Version": "2012-10-17", "Statement": []any{want}}
		if got := readJSON[map[string]any](t, path); !reflect.DeepEqual(got, document) {
			t.Errorf("%s is %v, want %v", path, got, document)
		}
		wantShown(t, path, "json")
	}
}

// With IRSA the ServiceAccount names the role, as README.md's values say.
func TestReadmeAnnotatesTheAccount(t *testing.T) {
	values, shown := chartValues(), map[string]any{}
	if err := yaml.Unmarshal([]byte(block(t, "values", "yaml")), &shown); err != nil {
		t.Fatal(err)
	}
	maps.Copy(values, shown)
	want := map[string]string{"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/eipbinder"}
	if got := accountOf(t, values).Annotations; !maps.Equal(got, want) {
		t.Errorf("it has %v, want %v", got, want)
	}
}

// optionsOf returns the options of each of README.md's commands that begin like this.
func optionsOf(t *testing.T, command string) (all []map[string]string) {
	t.Helper()
	for line := range strings.Lines(strings.ReplaceAll(readREADME(t), "\\\n", " ")) {
		rest, ok := strings.CutPrefix(line, command+" ")
		if !ok {
			continue
		}
		options := map[string]string{}
		for _, o := range regexp.MustCompile(`--(\S+) (\S+)`).FindAllStringSubmatch(rest, -1) {
			options[o[1]] = o[2]
		}
		all = append(all, options)
	}
	return all
}

// README.md's commands have what AWS requires, and the names that belong together.
func TestReadmeGivesTheRole(t *testing.T) {
	account := accountOf(t, chartValues())
	document := func(name string) string { return "file://examples/controller/deploy/" + name + ".json" }
	created := func(trust string) map[string]string {
		return map[string]string{"role-name": "eipbinder", "assume-role-policy-document": document(trust)}
	}
	allowed := map[string]string{"role-name": "eipbinder", "policy-name": "eipbinder", "policy-document": document("rights")}
	for command, want := range map[string][]map[string]string{
		"aws iam create-role":     {created("trust-pod-identity"), created("trust-irsa")},
		"aws iam put-role-policy": {allowed, allowed},
		"aws eks create-addon":    {{"cluster-name": "my-cluster", "addon-name": "eks-pod-identity-agent"}},
		"aws eks create-pod-identity-association": {{
			"cluster-name": "my-cluster", "namespace": account.Namespace, "service-account": account.Name,
			"role-arn": "arn:aws:iam::123456789012:role/eipbinder",
		}},
	} {
		if got := optionsOf(t, command); !reflect.DeepEqual(got, want) {
			t.Errorf("%s has %v, want %v", command, got, want)
		}
	}
}

// allowance is a policy's statement.
type allowance struct {
	Sid, Effect string
	Action      []string
	Resource    any
	Condition   map[string]map[string]any
}

// rights are those that README.md gives, by Sid.
func rights(t *testing.T) map[string]allowance {
	t.Helper()
	return bySid(readJSON[struct{ Statement []allowance }](t, "deploy/rights.json").Statement)
}

func bySid(statements []allowance) map[string]allowance {
	all := map[string]allowance{}
	for _, s := range statements {
		all[s.Sid] = s
	}
	return all
}

// The controller may do what the Lambda function's sweeps may, but for their log: in
// particular, nothing with a queue.
func TestRightsAreThoseOfSweeps(t *testing.T) {
	template := readJSON[struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				PolicyDocument any
				PolicyName     string
				Roles          []struct{ Ref string }
			}
		}
	}](t, filepath.Join("..", "lambda", "deploy", "template.json"))
	var want []allowance
	for _, r := range template.Resources {
		of := func(role struct{ Ref string }) bool { return role.Ref == "SweepRole" }
		if r.Type != "AWS::IAM::Policy" || !slices.ContainsFunc(r.Properties.Roles, of) {
			continue
		}
		if name := r.Properties.PolicyName; !strings.Contains(readREADME(t), name) {
			t.Errorf("README.md does not name %s", name)
		}
		want = append(want, statementsIn(t, r.Properties.PolicyDocument)...)
	}
	want = slices.DeleteFunc(want, func(s allowance) bool { return s.Sid == "Log" })
	if got := rights(t); !reflect.DeepEqual(got, bySid(want)) {
		t.Errorf("the rights are\n%v\nthose of sweeps are\n%v", got, bySid(want))
	}
}

// statementsIn returns the statements of a template's policy, whether it is JSON or
// text, for the example's names.
func statementsIn(t *testing.T, document any) []allowance {
	t.Helper()
	text, whole := filled(document).(string)
	if !whole {
		encoded, err := json.Marshal(filled(document))
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	var policy struct{ Statement []allowance }
	if err := json.Unmarshal([]byte(text), &policy); err != nil || len(policy.Statement) == 0 || strings.Contains(text, "${") && !strings.Contains(text, "LogGroup") {
		t.Fatalf("%v in %s", err, text)
	}
	return policy.Statement
}

// filled does what CloudFormation does with Fn::Sub.
func filled(node any) any {
	switch n := node.(type) {
	case map[string]any:
		switch text := n["Fn::Sub"].(type) {
		case string:
			return examples().Replace(text)
		case []any:
			return examples().Replace(text[0].(string))
		}
		all := map[string]any{}
		for key, value := range n {
			all[key] = filled(value)
		}
		return all
	case []any:
		var all []any
		for _, value := range n {
			all = append(all, filled(value))
		}
		return all
	}
	return node
}

// examples are the names in deploy/rights.json for the template's.
func examples() *strings.Replacer {
	return strings.NewReplacer(
		"${AWS::Partition}", "aws", "${AWS::Region}", "eu-central-1", "${AWS::AccountId}", "123456789012",
		"${HostedZoneId}", "Z0123456789ABCDEFGHIJ", "${Suffix}", "media.example.com",
		"${RecordTable}", "record_table", "${BindingTable}", "binding_table",
		"${PoolTagKey}", "Pool", "${PoolTagValue}", "byol", "${OtherKey}", "App", "${OtherValue}", "media",
		"${ClusterTagKey}", "eks:eks-cluster-name", "${ClusterTagValue}", "my-cluster",
	)
}

// wantAllowed checks that each call that the account has seen is one of the rights.
func (a account) wantAllowed(t *testing.T) {
	t.Helper()
	may := map[string]bool{}
	for _, s := range rights(t) {
		for _, action := range s.Action {
			_, call, _ := strings.Cut(action, ":")
			may[call] = true
		}
	}
	calls := a.Calls()
	for call := range calls {
		if !may[call] {
			t.Errorf("deploy/rights.json does not allow %s", call)
		}
	}
	if len(calls) < 5 {
		t.Errorf("only these calls were seen: %v", calls)
	}
}
