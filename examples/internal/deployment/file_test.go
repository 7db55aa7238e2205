package deployment_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store/memstore"
)

const exampleFile = "../../eipbinder.yaml"

// fromFile reads a configuration whose text, or path, is in EIPBINDER_CONFIG.
func fromFile(config string, pairs ...string) (deployment.Config, error) {
	variables := map[string]string{deployment.EnvConfig: config}
	for i := 0; i < len(pairs); i += 2 {
		variables[pairs[i]] = pairs[i+1]
	}
	return deployment.FromEnv(func(name string) string { return variables[name] })
}

func TestExampleFile(t *testing.T) {
	got, err := fromFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	shared := deployment.Profile{
		HostedZoneID: "Z0123456789ABCDEFGHIJ", CoolDown: 2 * time.Minute, StopGrace: 10 * time.Minute,
		Lease: time.Minute, LateCalls: 6 * time.Minute, ConfirmAfter: 5 * time.Minute, RecordTags: []string{"karpenter.sh/nodepool"},
		BlastRadius: 50, Concurrency: 16, DNSWait: 2 * time.Minute,
	}
	media, turn := shared, shared
	media.Name, media.Suffix, media.TTL, media.BinderID = "media", "media.example.com.", time.Minute, "eipbinder-media"
	media.PoolTags = ec2tag.Selector{ec2tag.Key("Pool", "byol"), ec2tag.Key("App", "media")}
	media.InstanceTags = ec2tag.Selector{{Keys: []string{"karpenter.sh/nodepool", "karpenter.sh/provisioner-name"}, Values: []string{"media"}}}
	media.PolicyText, media.KeepNames, media.CoveredByWildcard, media.ReverseNames = "slot:Slot || dashed-ip", true, true, true
	turn.Name, turn.Suffix, turn.TTL, turn.BinderID = "turn", "turn.example.com.", 30*time.Second, "eipbinder-turn"
	turn.PoolTags = ec2tag.Selector{ec2tag.Key("App", "turn"), ec2tag.Key("Pool", "byol")}
	turn.InstanceTags = ec2tag.Selector{ec2tag.Key("karpenter.sh/nodepool", "turn")}
	turn.PolicyText = "pattern:{zone}-{instance-id}"
	want := deployment.Config{
		Store: inDynamoDB, RecordTable: "record_table", BindingTable: "binding_table", Check: true, Pace: defaultPace,
		Profiles: []deployment.Profile{media, turn},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(deployment.Profile{}, "Policy")); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	b, err := deployment.Build(got, aws.Config{Region: "eu-central-1"}, memstore.New())
	if _, ok := b.(*binder.Mux); !ok || err != nil {
		t.Errorf("Build gives a %T, %v, want a Mux", b, err)
	}
}

func TestFileAsTextAndAsJSON(t *testing.T) {
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]any
	if err := yaml.Unmarshal(text, &content); err != nil {
		t.Fatal(err)
	}
	inJSON, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	want, err := fromFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []string{string(text), string(inJSON)} {
		got, err := fromFile(config)
		if err != nil {
			t.Errorf("%.20s: %v", config, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(deployment.Profile{}, "Policy")); diff != "" {
			t.Errorf("%.20s: (-path +text):\n%s", config, diff)
		}
	}
}

// whole is a right file. Tests replace lines of it.
const whole = `recordTable: records
hostedZoneID: Z1
profiles:
- &media
  name: media
  suffix: media.example.com
  poolTags: Pool=media
  instanceTags: nodepool=media
- name: voice
  suffix: voice.example.com
  poolTags: Pool=voice
  instanceTags: nodepool=voice
`

func TestEachFieldHasOneClearError(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"recordTable: records", "recordTable: [a, b]", "recordTable: is a list of 2, not a single value: set it to a table name"},
		{"recordTable: records", "bindingTable: {a: {b: c}}", "bindingTable: is a mapping, in line 1"},
		{"recordTable: records", "store: sqlite:records.db\nrecordTable: a", "recordTable: is a table of DynamoDB, but the records are in sqlite: set it to nothing, or store to dynamodb"},
		{"recordTable: records", "store: mysql", "store: there is no store \"mysql\": set it to dynamodb, sqlite:PATH or"},
		{"recordTable: records", "share: 2", "share: 2 is not above 0 and at most 1"},
		{"recordTable: records", "associateLimit: [50, 5]", "associateLimit: is a list of 2, not a single value: set it to burst and calls a second"},
		{"recordTable: records", "dnsLinger: -5s", "dnsLinger: -5s is negative"},
		{"recordTable: records", "dnsFirstLook: {}", "dnsFirstLook: is a mapping"},
		{"recordTable: records", "dnsPollInterval: 0s", "dnsPollInterval: 0s is not above 0"},
		{"recordTable: records", "blastRadius: none", "blastRadius: strconv.Atoi"},
		{"name: voice", "name: voice\n  blastRadius: -1", "profiles[1].blastRadius: -1 is less than 0: set it to a whole number"},
		{"name: voice", "name: voice\n  concurrency: 0", "profiles[1].concurrency: 0 is less than 1"},
		{"name: voice", "name: voice\n  share: 0.5", "profiles[1].share: is not a setting, in line 10"},
		{"name: voice", "name: voice\n  policy: dashed\n  records: txt::{ip}", "profiles[1].policy: there is no policy \"dashed\""},
		{"recordTable: records", "check: yes", `check: strconv.ParseBool: parsing "yes": invalid syntax: set it to true or false`},
		{"recordTable: records", "recordTables: records", "recordTables: is not a setting, in line 1: remove it, or correct it: known are associateLimit, bindingTable, "},
		{"recordTable: records", "suffix: example.com", "suffix: is not a setting, in line 1: remove it, or correct it: it belongs into each of profiles"},
		{"recordTable: records", "ttl: 60", "ttl: time: missing unit in duration \"60\": set it to whole seconds"},
		{"recordTable: records", "recordTable: a\nrecordTable: b", "recordTable: is given twice, again in line 2"},
		{"hostedZoneID: Z1", "", "profiles[0].hostedZoneID: is not set: set it to the ID of the public hosted zone that holds the suffix\nprofiles[1].hostedZoneID: is not set"},
		{"hostedZoneID: Z1", "hostedZoneID: example.com", `hostedZoneID: "example.com" is not the ID of a hosted zone`},
		{"name: voice", "name: media", `profiles[1].name: overlaps profiles[0].name: both are "media": set it to a name of its own`},
		{"- name: voice", "- binderID: eipbinder-media\n  name: voice", `profiles[1].binderID: overlaps profiles[0].binderID: both are "eipbinder-media"`},
		{"- name: voice", "- stopGrace: 1m", "profiles[1].name: is not set: set it to a name for the profile"},
		{"suffix: voice.example.com", "", "profiles[1].suffix: is not set: set it to the domain"},
		{"suffix: voice.example.com", "suffix:", "profiles[1].suffix: is not set: set it to the domain"},
		{"suffix: voice.example.com", `suffix: ""`, "profiles[1].suffix: is empty, in line 10: set it to the domain"},
		{"suffix: voice.example.com", "suffix: voice_1.example.com", "profiles[1].suffix: invalid DNS name: "},
		{"suffix: voice.example.com", "suffix: xn--a.müller.example", `profiles[1].suffix: invalid DNS name: label "xn--a"`},
		{"suffix: voice.example.com", "suffix: eu.media.example.com", "profiles[1].suffix: overlaps profiles[0].suffix: one of media.example.com. and eu.media.example.com. contains the other"},
		{"suffix: voice.example.com", "suffix: example.com", "profiles[1].suffix: overlaps profiles[0].suffix: one of media.example.com. and example.com. contains the other"},
		{"suffix: voice.example.com", "sufix: voice.example.com", "profiles[1].suffix: is not set: set it to the domain for the workers' names, such as media.example.com\nprofiles[1].sufix: is not a setting, in line 10"},
		{"poolTags: Pool=voice", "poolTags: [Pool=voice, [App]]", "profiles[1].poolTags: has a list in it, in line 11: set it to tags"},
		{"poolTags: Pool=voice", "poolTags: {Pool: [a]}", "profiles[1].poolTags: has a list in it, in line 11"},
		{"poolTags: Pool=voice", "poolTags: {Pool: }", "profiles[1].poolTags: tag filters \"Pool=\": "},
		{"poolTags: Pool=voice", "poolTags: Pool=", "profiles[1].poolTags: tag filters \"Pool=\": "},
		{"poolTags: Pool=voice", "poolTags: Pool=media|voice", "profiles[1].poolTags: overlaps profiles[0].poolTags: both select an address with the tags map[Pool:media]"},
		{"instanceTags: nodepool=voice", "instanceTags: pool|nodepool=voice|media", "profiles[1].instanceTags: overlaps profiles[0].instanceTags: both select an instance with the tags map[nodepool:media]"},
		{"instanceTags: nodepool=voice", "instanceTags: nodepool", "profiles[1].instanceTags: overlaps profiles[0].instanceTags: both select an instance with the tags map[nodepool:media]"},
		{"name: voice", "name: voice\n  policy: dashed", "profiles[1].policy: there is no policy \"dashed\""},
		{"name: voice", "name: voice\n  policy: {dashed-ip: x}", "profiles[1].policy: is a mapping, in line 10"},
		{"name: voice", "name: voice\n  records: mx", "profiles[1].records: there are no records \"mx\" (there are multivalue, txt): set it to any of "},
		{"name: voice", "name: voice\n  records: [[]]", "profiles[1].records: has a list in it"},
		{"name: voice", "name: voice\n  keepNames: true\n  policy: instance-id", "profiles[1].keepNames: only names of addresses can be kept: set it to false, or choose another profiles[1].policy"},
		{"name: voice", "name: voice\n  coveredByWildcard: 1.0", "profiles[1].coveredByWildcard: "},
		{"name: voice", "name: voice\n  policy: [dashed-ip, \"pattern:{ip}.{zone}\"]\n  coveredByWildcard: true", "profiles[1].coveredByWildcard: fallback: policy 2: pattern \"{ip}.{zone}\" gives names like"},
		{"recordTable: records", "coveredByWildcard: true\npolicy: instance-id\nkeepNames: true", "profiles[0].keepNames: only names of addresses can be kept: set it to false, or choose another profiles[0].policy\nprofiles[1].keepNames"},
		{"name: voice", "name: voice\n  reverseNames: on", "profiles[1].reverseNames: "},
		{"name: voice", "name: voice\n  ttl: 1500ms", "profiles[1].ttl: 1500ms is not a number of whole seconds"},
		{"name: voice", "name: voice\n  coolDown: -1m", "profiles[1].coolDown: -1m is negative"},
		{"name: voice", "name: voice\n  stopGrace: {}", "profiles[1].stopGrace: is a mapping, in line 10"},
		{"name: voice", "name: voice\n  lease: 1ms", "profiles[1].lease: 1ms is shorter than a second"},
		{"name: voice", "name: voice\n  lateCalls: later", "profiles[1].lateCalls: "},
		{"name: voice", "name: voice\n  confirmAfter: 5", "profiles[1].confirmAfter: "},
		{"name: voice", "name: voice\n  recordTags: {a: b}", "profiles[1].recordTags: is a mapping"},
		{"name: voice", "name: voice\n  recordTags: [[a]]", "profiles[1].recordTags: has a list in it"},
		{"- &media", "- media\n-", "profiles[0]: line 4 is a single value, not a mapping: set it to fields with values"},
		{"- name: voice", "- *media\n- name: voice", "profiles[1].name: overlaps profiles[0].name"},
	} {
		_, err := fromFile(strings.Replace(whole, test.old, test.new, 1))
		if err == nil || !strings.Contains(err.Error(), strings.Split(test.want, "\n")[0]) {
			t.Errorf("%q: error %v, want %q", test.new, err, test.want)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if again := strings.Contains(test.new, "*media"); !again && len(lines) != len(strings.Split(test.want, "\n")) {
			t.Errorf("%q: %d errors:\n%v", test.new, len(lines), err)
		}
		for i, want := range strings.Split(test.want, "\n") {
			if i < len(lines) && !strings.Contains(lines[i], want) {
				t.Errorf("%q: line %q, want %q", test.new, lines[i], want)
			}
		}
	}
}

func TestFilesThatAreNone(t *testing.T) {
	for config, want := range map[string]string{
		filepath.Join(t.TempDir(), "none.yaml"): "EIPBINDER_CONFIG: open ",
		"{":                                     "EIPBINDER_CONFIG: it is neither YAML nor JSON: ",
		"a: [\nb":                               "EIPBINDER_CONFIG: it is neither YAML nor JSON: ",
		"# nothing\n# at all":                   "EIPBINDER_CONFIG: it is empty",
		"- a\n- b":                              "EIPBINDER_CONFIG: the file: line 1 is a list, not a mapping",
		"{}":                                    "EIPBINDER_CONFIG: profiles: is not a list of at least one profile",
		"profiles:\n":                           "EIPBINDER_CONFIG: open ",
		"{profiles: []}":                        "EIPBINDER_CONFIG: profiles: is not a list of at least one profile",
		"a: b\n---\nc: d":                       "EIPBINDER_CONFIG: there is more than one document in it",
		"{profiles: [a, [b]]}":                  "profiles[0]: line 1 is a single value, not a mapping: set it to fields with values\nprofiles[1]: line 1 is a list",
	} {
		if _, err := fromFile(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", config, err, want)
		}
	}
}

func TestVariablesBesideAFile(t *testing.T) {
	_, err := fromFile(whole, deployment.EnvTTL, "30s", deployment.EnvRecordTable, "other")
	const want = `EIPBINDER_RECORD_TABLE: is set beside EIPBINDER_CONFIG, which has all settings: set it to nothing, and recordTable in the file instead`
	if err == nil || !strings.Contains(err.Error(), "EIPBINDER_TTL: is set beside EIPBINDER_CONFIG") || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	if n := strings.Count(err.Error(), "\n"); n != 1 {
		t.Errorf("%d lines, want 2:\n%v", n+1, err)
	}
}

func TestOneProfileIsABinder(t *testing.T) {
	one, _, _ := strings.Cut(whole, "- name: voice")
	c, err := fromFile(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := deployment.Build(c, aws.Config{Region: "eu-central-1"}, memstore.New())
	if _, ok := b.(*binder.Binder); !ok || err != nil {
		t.Errorf("Build gives a %T, %v, want a Binder", b, err)
	}
}

func TestStoreAlone(t *testing.T) {
	for _, getenv := range []map[string]string{
		{deployment.EnvRecordTable: "records", deployment.EnvPolicy: "nonsense"},
		{deployment.EnvConfig: "recordTable: records\nprofiles: [{policy: nonsense}]"},
	} {
		c, err := deployment.StoreFromEnv(func(name string) string { return getenv[name] })
		if err != nil || c.Store != inDynamoDB || c.RecordTable != "records" || c.BindingTable != "binding_table" {
			t.Errorf("%v: %+v, %v", getenv, c, err)
		}
	}
	if _, err := deployment.StoreFromEnv(func(string) string { return "{" }); err == nil {
		t.Error("a file that cannot be read has no store")
	}
}
