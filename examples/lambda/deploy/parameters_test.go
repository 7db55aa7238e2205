package main

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
)

// TestParameters: what each parameter takes, and what it is if it is not given.
func TestParameters(t *testing.T) {
	made := committed(t)
	yesOrNo := []string{"true", "false"}
	known := map[string]bool{}
	for _, test := range []struct {
		parameter string
		preset    any
		good, bad []string // all that is good, if values are listed
	}{
		{"Suffix", nil, []string{"media.example.com", "xn--bcher-kva.example"}, []string{"media.example.com.", "Media.example.com", "com", "*.example.com", "a.*.com", "media_1.example.com"}},
		{"HostedZoneId", nil, []string{"Z0123456789ABCDEFGHIJ"}, []string{"/hostedzone/Z1", "Z*", "z1"}},
		{"PoolTagKey", "Pool", []string{"Pool", "team/pool"}, []string{"", `Po"ol`, "a,b", "a|b", "a=b", "a*", "${AWS::Region}", `a\b`}},
		{"PoolTagValue", nil, []string{"byol", "a b"}, []string{"", `a","x":"b`, "*", "a?", "a|b"}},
		{"PoolTagKey2", "", []string{"", "App"}, []string{`"`, "*"}},
		{"PoolTagValue2", "", []string{"", "streaming"}, []string{`"`, "*"}},
		{"ClusterTagKey", "eks:eks-cluster-name", []string{"eks:eks-cluster-name", "kubernetes.io/cluster/prod"}, []string{"", "*", `"`}},
		{"ClusterTagValue", nil, []string{"prod", "owned"}, []string{"", "*", `"`}},
		{"InstanceTags", nil, []string{"karpenter.sh/nodepool|karpenter.sh/provisioner-name=media,App=streaming"}, []string{"", "a=*"}},
		{"NodeRoles", "", []string{"", "KarpenterNodeRole-prod", "a,b"}, []string{"arn:aws:iam::123456789012:role/a", "a,", "a b"}},
		{"Operators", "", []string{"", "Admin"}, []string{"arn:aws:iam::123456789012:role/a", ",a"}},
		{"Ttl", "60s", []string{"60s", "5m"}, []string{"60", "1.5s", ""}},
		{"RecordTable", "record_table", []string{"record_table"}, []string{"a", "*", "a/b"}},
		{"BindingTable", "binding_table", []string{"binding_table"}, []string{"", "table/x"}},
		{"AlarmTopicArn", "", []string{"", "arn:aws:sns:eu-central-1:123456789012:alarms"}, []string{"alarms"}},
		{"CodeBucket", nil, []string{"my-bucket"}, []string{"My_Bucket", "s3://x"}},
		{"BinderId", "eipbinder", []string{"eipbinder", "media.1"}, []string{"", "a b"}},
		{"CodeKey", nil, []string{"eipbinder-arm64-0123456789ab.zip", "a/b.zip"}, []string{"", "\n"}},
		{"Policy", "dotted-ip", []string{"dashed-ip", "pattern:{tag:Room}-{slot}", "slot:Seat || instance-id", "hashed-instance-id:file:KEY"}, []string{"", "ü", "a\nb"}},
		{"KeepNames", "false", yesOrNo, []string{"", "yes", "1"}},
		{"ReverseNames", "false", yesOrNo, []string{"", "yes", "1"}},
		{"ReserveConcurrency", "true", yesOrNo, []string{"", "no"}},
		{"ExistingTables", "none", []string{"none", "record", "both"}, []string{"", "binding"}},
		{"LogRetentionDays", "30", []string{"7", "14", "30", "60", "90", "180", "365"}, []string{"", "0", "31"}}, // some of those that CloudWatch Logs knows
		{"PoolFreeAlarm", 5.0, nil, nil},
	} {
		p, ok := made.Parameters[test.parameter]
		known[test.parameter] = true
		if !ok || p.Default != test.preset {
			t.Errorf("%s is %v if it is not given, want %v", test.parameter, p.Default, test.preset)
		}
		if p.Type == "Number" && p.AllowedValues == nil {
			continue // any number
		}
		if p.AllowedValues != nil && !slices.Equal(p.AllowedValues, test.good) {
			t.Errorf("%s takes %v, want %v", test.parameter, p.AllowedValues, test.good)
		}
		pattern := regexp.MustCompile(p.AllowedPattern)
		takes := func(value string) bool {
			return pattern.MatchString(value) && (p.AllowedValues == nil || slices.Contains(p.AllowedValues, value))
		}
		if p.Default != nil && !takes(fmt.Sprint(p.Default)) {
			t.Errorf("%s does not take its preset %v", test.parameter, p.Default)
		}
		for _, value := range test.good {
			if !takes(value) {
				t.Errorf("%s does not take %q", test.parameter, value)
			}
		}
		for _, value := range test.bad {
			if takes(value) {
				t.Errorf("%s takes %q", test.parameter, value)
			}
		}
	}
	for name := range made.Parameters {
		if !known[name] {
			t.Errorf("nobody knows what %s takes", name)
		}
	}
}
