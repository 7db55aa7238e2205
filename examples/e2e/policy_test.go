package e2e_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// policy is a policy document of IAM's.
type policy struct{ Statement []statement }

type statement struct {
	Sid, Effect      string
	Action, Resource oneOrMore
	Condition        map[string]map[string]oneOrMore
}

// oneOrMore is a string, or several.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// need is what a call must be allowed: an action on a resource, in a context of
// condition keys. A call may have several.
type need struct {
	action, resource string
	context          map[string][]string
}

func (n need) String() string { return n.action + " on " + n.resource }

// allows reports whether the statement allows it.
func (s statement) allows(tb testing.TB, n need) bool {
	tb.Helper()
	if s.Effect != "Allow" || !slices.Contains(s.Action, n.action) || !anyLike(s.Resource, n.resource) {
		return false
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			if !holds(tb, operator, values, n.context[key]) {
				return false
			}
		}
	}
	return true
}

// holds evaluates a condition ("IAM JSON policy elements: Condition operators",
// and "Set operators for multi-valued context keys"). ForAllValues holds for no
// values, too; the others do not.
func holds(tb testing.TB, operator string, allowed, got []string) bool {
	tb.Helper()
	if operator == "Null" {
		return slices.Contains(allowed, "true") == (len(got) == 0)
	}
	kind, forAll := strings.CutPrefix(operator, "ForAllValues:")
	if !forAll && len(got) != 1 {
		return false
	}
	for _, value := range got {
		switch kind {
		case "StringEquals":
			if !slices.Contains(allowed, value) {
				return false
			}
		case "StringLike":
			if !anyLike(allowed, value) {
				return false
			}
		default:
			tb.Errorf("the policy has the operator %s, which the test does not know", operator)
			return false
		}
	}
	return true
}

// anyLike reports whether one of the patterns matches, in which * stands for any
// text and ? for any character.
func anyLike(patterns []string, text string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		return regexp.MustCompile("^" + quoted + "$").MatchString(text)
	})
}

// wantExactly checks that the policies of a role allow all that was needed, and nothing
// that was not, but for what cannot be needed in the test: by "Sid action", or "Sid
// value" of a condition on several values, each with its reason.
func wantExactly(t *testing.T, role string, in *stack, needs []need, cannot map[string]string) {
	t.Helper()
	granted, used := map[string]bool{}, map[string]bool{}
	var all []statement
	for _, p := range in.Roles[role].Policies {
		all = append(all, p.Statement...)
	}
	for _, s := range all {
		for _, right := range slices.Concat(s.Action, s.listed()) {
			granted[s.Sid+" "+right] = true
		}
	}
	refused := map[string]bool{}
	for _, n := range needs {
		allowed := false
		for _, s := range all {
			if s.allows(t, n) {
				allowed, used[s.Sid+" "+n.action] = true, true
				s.use(n, used)
			}
		}
		kind, _, _ := strings.Cut(n.String(), "/")
		if !allowed && !refused[kind] { // the first of its kind tells enough
			refused[kind] = true
			t.Errorf("more is needed than %s allows: %s %v", role, n, n.context)
		}
	}
	for right := range granted {
		if !used[right] && cannot[right] == "" {
			t.Errorf("%s allows more than is needed: %s", role, right)
		}
	}
	for right := range cannot {
		if used[right] || !granted[right] {
			t.Errorf("%s: %s is said not to occur in the test; granted: %t, needed: %t", role, right, granted[right], used[right])
		}
	}
}

// listed are the values of conditions that list what a call may have several of.
func (s statement) listed() (values []string) {
	for operator, keys := range s.Condition {
		for _, some := range keys {
			if strings.HasPrefix(operator, "ForAllValues:") {
				values = append(values, some...)
			}
		}
	}
	return values
}

// use notes which of them it takes to allow the need.
func (s statement) use(n need, used map[string]bool) {
	for _, value := range s.listed() {
		for _, got := range n.context {
			if slices.ContainsFunc(got, func(text string) bool { return anyLike([]string{value}, text) }) {
				used[s.Sid+" "+value] = true
			}
		}
	}
}

// TestPolicies: the test's own idea of IAM.
func TestPolicies(t *testing.T) {
	const document = `{"Statement": [
		{"Sid": "Any", "Effect": "Allow", "Action": ["ec2:DescribeInstances"], "Resource": "*"},
		{"Sid": "Pool", "Effect": "Allow", "Action": "ec2:AssociateAddress", "Resource": "arn:aws:ec2:r:a:elastic-ip/*",
		 "Condition": {"StringEquals": {"aws:ResourceTag/Pool": "byol"}}},
		{"Sid": "Names", "Effect": "Allow", "Action": ["route53:ChangeResourceRecordSets"], "Resource": ["arn:aws:route53:::hostedzone/Z1"],
		 "Condition": {"ForAllValues:StringLike": {"names": ["*.media.example.com"]}, "ForAllValues:StringEquals": {"types": ["A", "TXT"]}, "Null": {"names": "false"}}}]}`
	var p policy
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		t.Fatal(err)
	}
	address := "arn:aws:ec2:r:a:elastic-ip/eipalloc-1"
	change := func(name, kind string) need {
		return need{"route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1", map[string][]string{"names": {"x.media.example.com", name}, "types": {kind}}}
	}
	for _, test := range []struct {
		need
		want bool
	}{
		{need{"ec2:DescribeInstances", "*", nil}, true},
		{need{"ec2:DescribeAddresses", "*", nil}, false},
		{need{"ec2:AssociateAddress", address, map[string][]string{"aws:ResourceTag/Pool": {"byol"}}}, true},
		{need{"ec2:AssociateAddress", address, map[string][]string{"aws:ResourceTag/Pool": {"other"}}}, false},
		{need{"ec2:AssociateAddress", address, nil}, false},
		{need{"ec2:AssociateAddress", "arn:aws:ec2:r:a:instance/i-1", map[string][]string{"aws:ResourceTag/Pool": {"byol"}}}, false},
		{change("y.media.example.com", "A"), true},
		{need{"route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1", nil}, false},
		{change("y.media.example.com", "AAAA"), false},
		{change("media.example.com", "A"), false},
		{change("y.mediaxexample.com", "A"), false},
	} {
		got := slices.ContainsFunc(p.Statement, func(s statement) bool { return s.allows(t, test.need) })
		if got != test.want {
			t.Errorf("%s %v: allowed %t, want %t", test.need, test.context, got, test.want)
		}
	}
}
