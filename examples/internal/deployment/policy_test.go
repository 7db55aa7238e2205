package deployment_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func TestPolicies(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tagged := subject
	tagged.Address.Tags = map[string]string{"Slot": "sfu-007"}
	tagged.InstanceTags = map[string]string{"karpenter.sh/nodepool": "media"}
	for _, test := range []struct {
		policy     string
		want       []string
		perAddress bool
	}{
		{"dotted-ip", []string{"203.0.113.7"}, true},
		{"dashed-ip", []string{"ip-203-0-113-7"}, true},
		{"instance-id", []string{"i-0123456789abcdef0"}, false},
		{"pattern:{tag:karpenter.sh/nodepool}-{ip}", []string{"media-203-0-113-7"}, false},
		{"pattern:sfu-{ip}", []string{"sfu-203-0-113-7"}, true},
		{"slot:Slot", []string{"sfu-007"}, true},
		{"slot:Slot || dashed-ip", []string{"sfu-007", "ip-203-0-113-7"}, true},
		{"slot:Missing||instance-id", []string{"i-0123456789abcdef0"}, false},
		{"hashed-instance-id:env:HASH_KEY", nil, false},
		{"hashed-allocation-id:file:" + key, nil, true},
	} {
		c, err := deployment.FromEnv(env(deployment.EnvPolicy, test.policy, "HASH_KEY", "0123456789abcdef"))
		if err != nil {
			t.Errorf("%s: %v", test.policy, err)
			continue
		}
		names, err := c.Profiles[0].Policy.Names(tagged)
		if err != nil || test.want != nil && !cmp.Equal(names, test.want) || len(names) == 0 {
			t.Errorf("%s: names %q, %v, want %q", test.policy, names, err, test.want)
		}
		if _, perAddress := c.Profiles[0].Policy.(dnspolicy.PerAddressPolicy); perAddress != test.perAddress {
			t.Errorf("%s: per address is %v", test.policy, perAddress)
		}
	}
}

func TestKeyFromFileAndVariableAreTheSame(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var names [][]string
	for _, from := range []string{"env:HASH_KEY", "file:" + key} {
		c, err := deployment.FromEnv(env(deployment.EnvPolicy, "hashed-instance-id:"+from, "HASH_KEY", "0123456789abcdef"))
		if err != nil {
			t.Fatal(err)
		}
		given, err := c.Profiles[0].Policy.Names(subject)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, given)
	}
	if !cmp.Equal(names[0], names[1]) {
		t.Errorf("names %q differ", names)
	}
}

func TestRecords(t *testing.T) {
	c, err := deployment.FromEnv(env(deployment.EnvPolicy, "dashed-ip", deployment.EnvRecords, "multivalue:all || txt:_info:id={instance-id}", deployment.EnvKeepNames, "true"))
	if err != nil {
		t.Fatal(err)
	}
	recorder, ok := c.Profiles[0].Policy.(dnspolicy.Recorder)
	if !ok {
		t.Fatalf("policy %T is no Recorder", c.Profiles[0].Policy)
	}
	sets, err := recorder.Records(subject, "ip-203-0-113-7.media.example.com.")
	if err != nil || len(sets) != 2 {
		t.Fatalf("records %v, %v", sets, err)
	}
	if sets[0].Name != "all.media.example.com." || sets[0].SetIdentifier == "" || sets[1].Name != "_info.ip-203-0-113-7.media.example.com." || sets[1].Type != "TXT" {
		t.Errorf("records %+v", sets)
	}
}
