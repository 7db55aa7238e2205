package deployment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/pacing"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// env is an environment: required variables, then others in pairs.
func env(pairs ...string) func(string) string {
	variables := map[string]string{
		deployment.EnvSuffix:       "media.example.com",
		deployment.EnvHostedZoneID: "Z0123456789ABCDEFGHIJ",
		deployment.EnvPoolTags:     "Pool=byol,App=streaming",
		deployment.EnvInstanceTags: "karpenter.sh/nodepool|karpenter.sh/provisioner-name=media|voice",
	}
	for i := 0; i < len(pairs); i += 2 {
		variables[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return variables[name] }
}

var defaultPace = deployment.Pace{
	Share: 1, Associate: pacing.Limit{Burst: 50, Refill: 5},
	Linger: 25 * time.Millisecond, FirstLook: 20 * time.Second, PollInterval: 5 * time.Second,
}

var inDynamoDB = deployment.Store{Kind: deployment.DynamoDB}

func TestDefaults(t *testing.T) {
	got, err := deployment.FromEnv(env())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := got.Profiles[0].Policy.(dnspolicy.PerAddressPolicy); !ok {
		t.Errorf("policy %T is not per address", got.Profiles[0].Policy)
	}
	wantName(t, got, "203.0.113.7")
	got.Profiles[0].Policy = nil
	want := deployment.Config{RecordTable: "record_table", BindingTable: "binding_table", Check: true, Pace: defaultPace, Profiles: []deployment.Profile{{
		Name: "default", PolicyText: "dotted-ip",
		Suffix:       "media.example.com.",
		HostedZoneID: "Z0123456789ABCDEFGHIJ",
		PoolTags:     ec2tag.Selector{ec2tag.Key("Pool", "byol"), ec2tag.Key("App", "streaming")},
		InstanceTags: ec2tag.Selector{{Keys: []string{"karpenter.sh/nodepool", "karpenter.sh/provisioner-name"}, Values: []string{"media", "voice"}}},
		TTL:          time.Minute,
		CoolDown:     2 * time.Minute,
		StopGrace:    10 * time.Minute,
		Lease:        time.Minute,
		LateCalls:    6 * time.Minute,
		ConfirmAfter: 5 * time.Minute,
		BlastRadius:  50,
		DNSWait:      2 * time.Minute,
		Concurrency:  16,
		BinderID:     "eipbinder",
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestEverythingSet(t *testing.T) {
	got, err := deployment.FromEnv(env(
		deployment.EnvSuffix, " Media.Example.com. ",
		deployment.EnvHostedZoneID, "/hostedzone/Z1",
		deployment.EnvPoolTags, "Pool=byol",
		deployment.EnvInstanceTags, "karpenter.sh/nodepool",
		deployment.EnvRecordTable, "records",
		deployment.EnvBindingTable, "bindings",
		deployment.EnvPolicy, "dashed-ip",
		deployment.EnvCoveredByWildcard, "true",
		deployment.EnvReverseNames, "true",
		deployment.EnvTTL, "30s",
		deployment.EnvCoolDown, "1m30s",
		deployment.EnvStopGrace, "0s",
		deployment.EnvLease, "90s",
		deployment.EnvLateCalls, "7m",
		deployment.EnvConfirmAfter, "4m",
		deployment.EnvKeepNames, "true",
		deployment.EnvRecordTags, "Room, karpenter.sh/nodepool",
		deployment.EnvBinderID, "media-eu",
		deployment.EnvCheck, "false",
		deployment.EnvShare, "0.25",
		deployment.EnvAssociateLimit, "100/ 7.5",
		deployment.EnvDNSLinger, "2s",
		deployment.EnvDNSFirstLook, "30s",
		deployment.EnvDNSPollInterval, "3s",
		deployment.EnvBlastRadius, "0",
		deployment.EnvConcurrency, "100",
		deployment.EnvDNSWait, "3s",
	))
	if err != nil {
		t.Fatal(err)
	}
	wantName(t, got, "ip-203-0-113-7")
	got.Profiles[0].Policy = nil
	pace := deployment.Pace{
		Share: 0.25, Associate: pacing.Limit{Burst: 100, Refill: 7.5},
		Linger: 2 * time.Second, FirstLook: 30 * time.Second, PollInterval: 3 * time.Second,
	}
	want := deployment.Config{Store: inDynamoDB, RecordTable: "records", BindingTable: "bindings", Pace: pace, Profiles: []deployment.Profile{{
		Name: "default", PolicyText: "dashed-ip", CoveredByWildcard: true, ReverseNames: true,
		Suffix:       "media.example.com.",
		HostedZoneID: "Z1",
		PoolTags:     ec2tag.Selector{ec2tag.Key("Pool", "byol")},
		InstanceTags: ec2tag.Selector{ec2tag.Key("karpenter.sh/nodepool")},
		TTL:          30 * time.Second,
		CoolDown:     90 * time.Second,
		Lease:        90 * time.Second,
		LateCalls:    7 * time.Minute,
		ConfirmAfter: 4 * time.Minute,
		KeepNames:    true,
		RecordTags:   []string{"Room", "karpenter.sh/nodepool"},
		DNSWait:      3 * time.Second,
		Concurrency:  100,
		BinderID:     "media-eu",
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestSuffixInAnyScript(t *testing.T) {
	const want = "medien.xn--mller-kva.example."
	for _, suffix := range []string{"Medien.Müller.example", "medien.müller.example.", "medien.xn--mller-kva.example"} {
		got, err := deployment.FromEnv(env(deployment.EnvSuffix, suffix, deployment.EnvPolicy, "dashed-ip", deployment.EnvRecords, "multivalue:all"))
		if err != nil || got.Profiles[0].Suffix != want {
			t.Errorf("%s: %+v, %v", suffix, got, err)
			continue
		}
		if _, err := deployment.Build(got, aws.Config{Region: "eu-central-1"}, memstore.New()); err != nil {
			t.Errorf("%s: Build: %v", suffix, err)
		}
	}
}

func TestInstanceIDPolicy(t *testing.T) {
	got, err := deployment.FromEnv(env(deployment.EnvPolicy, "instance-id"))
	if err != nil {
		t.Fatal(err)
	}
	wantName(t, got, "i-0123456789abcdef0")
}

func wantName(t *testing.T, c deployment.Config, want string) {
	t.Helper()
	names, err := c.Profiles[0].Policy.Names(subject)
	if err != nil || !cmp.Equal(names, []string{want}) {
		t.Errorf("names %q, %v, want %q", names, err, want)
	}
}

func TestWrongVariables(t *testing.T) {
	for _, test := range []struct{ variable, value, want string }{
		{deployment.EnvSuffix, "", "EIPBINDER_SUFFIX: is not set: set it to the domain"},
		{deployment.EnvSuffix, " ", "EIPBINDER_SUFFIX: is not set"},
		{deployment.EnvSuffix, "media_1.example.com", `EIPBINDER_SUFFIX: invalid DNS name`},
		{deployment.EnvSuffix, "xn--a.example.com", `EIPBINDER_SUFFIX: invalid DNS name: label "xn--a"`},
		{deployment.EnvSuffix, "medien.mül ler.example", `EIPBINDER_SUFFIX: invalid DNS name`},
		{deployment.EnvSuffix, strings.Repeat("a.", 125) + "b", `EIPBINDER_POLICY: DottedIP gives names like "0.0.0.0"`},
		{deployment.EnvHostedZoneID, "", "EIPBINDER_HOSTED_ZONE_ID: is not set"},
		{deployment.EnvHostedZoneID, "example.com", `EIPBINDER_HOSTED_ZONE_ID: "example.com" is not the ID of a hosted zone`},
		{deployment.EnvPoolTags, "", "EIPBINDER_POOL_TAGS: is not set"},
		{deployment.EnvPoolTags, "Pool=", "EIPBINDER_POOL_TAGS: tag filters"},
		{deployment.EnvInstanceTags, "", "EIPBINDER_INSTANCE_TAGS: is not set"},
		{deployment.EnvInstanceTags, "a,,b", "EIPBINDER_INSTANCE_TAGS: tag filters"},
		{deployment.EnvPolicy, "dotted", "EIPBINDER_POLICY: there is no policy \"dotted\""},
		{deployment.EnvPolicy, "dashed-ip:x", "EIPBINDER_POLICY: dashed-ip: takes nothing after a colon"},
		{deployment.EnvPolicy, "pattern:{ip", "EIPBINDER_POLICY: pattern: "},
		{deployment.EnvPolicy, "slot:", "EIPBINDER_POLICY: slot: "},
		{deployment.EnvPolicy, "dashed-ip ||", "EIPBINDER_POLICY: there is no policy \"\""},
		{deployment.EnvPolicy, "hashed-instance-id:sesame", "EIPBINDER_POLICY: hashed-instance-id: the key must not stand here"},
		{deployment.EnvPolicy, "hashed-instance-id:env:NO_KEY", "EIPBINDER_POLICY: hashed-instance-id: the variable NO_KEY"},
		{deployment.EnvPolicy, "hashed-allocation-id:file:/nonexistent", "EIPBINDER_POLICY: hashed-allocation-id: open /nonexistent"},
		{deployment.EnvRecords, "txt:_info", "EIPBINDER_RECORDS: \"txt:_info\" has no second colon"},
		{deployment.EnvRecords, "mx:10", "EIPBINDER_RECORDS: there are no records \"mx\""},
		{deployment.EnvRecords, "multivalue:{", "EIPBINDER_RECORDS: "},
		{deployment.EnvPolicy, "pattern:xn--{ip}", "EIPBINDER_POLICY: pattern: "},
		{deployment.EnvCoveredByWildcard, "1.0", "EIPBINDER_COVERED_BY_WILDCARD: "},
		{deployment.EnvCoveredByWildcard, "true", "EIPBINDER_COVERED_BY_WILDCARD: DottedIP gives names like"}, // the default policy
		{deployment.EnvReverseNames, "no", "EIPBINDER_REVERSE_NAMES: "},
		{deployment.EnvTTL, "60", "EIPBINDER_TTL: time: missing unit"},
		{deployment.EnvTTL, "1500ms", "EIPBINDER_TTL: 1500ms is not a number of whole seconds"},
		{deployment.EnvCoolDown, "-1m", "EIPBINDER_COOL_DOWN: -1m is negative"},
		{deployment.EnvStopGrace, "later", "EIPBINDER_STOP_GRACE: "},
		{deployment.EnvLease, "999ms", "EIPBINDER_LEASE: 999ms is shorter than a second"},
		{deployment.EnvLease, "-1m", "EIPBINDER_LEASE: -1m is negative"},
		{deployment.EnvLateCalls, "360", "EIPBINDER_LATE_CALLS: time: missing unit"},
		{deployment.EnvConfirmAfter, "-5m", "EIPBINDER_CONFIRM_AFTER: -5m is negative"},
		{deployment.EnvKeepNames, "yes", "EIPBINDER_KEEP_NAMES: "},
		{deployment.EnvCheck, "maybe", "EIPBINDER_CHECK: "},
		{deployment.EnvStore, "mysql://db", "EIPBINDER_STORE: there is no store \"mysql\": set it to dynamodb, sqlite:PATH"},
		{deployment.EnvStore, "sqlite:", "EIPBINDER_STORE: there is no store \"sqlite\""},
		{deployment.EnvStore, "dynamodb:eu", "EIPBINDER_STORE: there is no store \"dynamodb\""},
		{deployment.EnvStore, "postgres:records", "EIPBINDER_STORE: there is no store \"postgres\""},
		{deployment.EnvStore, "postgres://me:sesame@%zz/db", "EIPBINDER_STORE: the URL is malformed"},
		{deployment.EnvShare, "0", "EIPBINDER_SHARE: 0 is not above 0 and at most 1: set it to a part"},
		{deployment.EnvShare, "1.5", "EIPBINDER_SHARE: 1.5 is not"},
		{deployment.EnvShare, "NaN", "EIPBINDER_SHARE: NaN is not"},
		{deployment.EnvShare, "half", "EIPBINDER_SHARE: strconv.ParseFloat"},
		{deployment.EnvAssociateLimit, "50", "EIPBINDER_ASSOCIATE_LIMIT: \"50\" has no slash: set it to burst and calls a second, such as 50/5"},
		{deployment.EnvAssociateLimit, "0/5", "EIPBINDER_ASSOCIATE_LIMIT: 0 is less than 1"},
		{deployment.EnvAssociateLimit, "50/0", "EIPBINDER_ASSOCIATE_LIMIT: 0 calls a second are not above 0"},
		{deployment.EnvAssociateLimit, "50/Inf", "EIPBINDER_ASSOCIATE_LIMIT: "},
		{deployment.EnvDNSLinger, "5", "EIPBINDER_DNS_LINGER: time: missing unit"},
		{deployment.EnvDNSFirstLook, "-1s", "EIPBINDER_DNS_FIRST_LOOK: -1s is negative"},
		{deployment.EnvDNSPollInterval, "0s", "EIPBINDER_DNS_POLL_INTERVAL: 0s is not above 0"},
		{deployment.EnvBlastRadius, "-1", "EIPBINDER_BLAST_RADIUS: -1 is less than 0"},
		{deployment.EnvBlastRadius, "many", "EIPBINDER_BLAST_RADIUS: strconv.Atoi"},
		{deployment.EnvDNSWait, "10ms", "EIPBINDER_DNS_WAIT: "},
		{deployment.EnvConcurrency, "0", "EIPBINDER_CONCURRENCY: 0 is less than 1"},
	} {
		_, err := deployment.FromEnv(env(test.variable, test.value))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s=%s: error %v, want %q", test.variable, test.value, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: the error shows the secret: %v", test.variable, err)
		}
		if !strings.Contains(err.Error(), ": set it to ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%s: error %q is not one line with the fix", test.variable, test.value, err)
		}
	}
}

func TestKeptNamesNeedAPolicyPerAddress(t *testing.T) {
	_, err := deployment.FromEnv(env(deployment.EnvKeepNames, "true", deployment.EnvPolicy, "instance-id"))
	if err == nil || !strings.HasPrefix(err.Error(), "EIPBINDER_KEEP_NAMES: ") {
		t.Errorf("error %v does not name EIPBINDER_KEEP_NAMES", err)
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	_, err := deployment.FromEnv(func(string) string { return "" })
	if err == nil {
		t.Fatal("no error for an empty environment")
	}
	if n := strings.Count(err.Error(), "is not set"); n != 4 {
		t.Errorf("%d variables are named, want 4:\n%v", n, err)
	}
}

func TestLateCallsFollowTheLease(t *testing.T) {
	got, err := deployment.FromEnv(env(deployment.EnvLease, "10m"))
	if err != nil || got.Profiles[0].LateCalls != 15*time.Minute {
		t.Errorf("%+v, %v, want the lease and the five minutes of a signature", got, err)
	}
}
