package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
)

// isolate keeps the machine's own AWS configuration out of the test.
func isolate(t *testing.T) {
	t.Helper()
	nothing := filepath.Join(t.TempDir(), "nothing")
	for variable, value := range map[string]string{
		"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
	} {
		t.Setenv(variable, value)
	}
}

// The commands as users run them: SDK clients from the environment, against
// EC2 and Route 53 of "awssim --listen", with the records in each kind of store.
func TestCommandsOnOtherEndpoints(t *testing.T) {
	t.Run("DynamoDB", func(t *testing.T) {
		t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", parts.Dynoxide(t))
		t.Setenv(deployment.EnvRecordTable, "media_records") // says that it is DynamoDB
		liveOnEndpoints(t, "dynamodb, tables media_records and binding_table", "media_records")
	})
	t.Run("SQLite", func(t *testing.T) { // where nothing is said
		data := t.TempDir()
		t.Setenv("XDG_DATA_HOME", data)
		t.Setenv(deployment.EnvRecordTable, "")
		file := filepath.Join(data, "eipbinder", "eu-central-1.db")
		liveOnEndpoints(t, "sqlite:"+file, file, "eipbinder tables create")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := parts.PostgreSQL(t)
		t.Setenv(deployment.EnvStore, url)
		liveOnEndpoints(t, url, "has version 0", "eipbinder tables create")
	})
}

// liveOnEndpoints runs the commands on one worker. Where its records are, the
// commands say; before the tables are made, check says what is missing.
func liveOnEndpoints(t *testing.T, where string, missing ...string) {
	isolate(t)
	s := serveAWS(t, "--pool", "1", "--zone", "media.example.com", "--pending", "0s", "--insync", "0s")
	for variable, value := range map[string]string{
		"AWS_REGION": s.content.Region, "AWS_ENDPOINT_URL_EC2": s.content.Endpoint, "AWS_ENDPOINT_URL_ROUTE_53": s.content.Endpoint,
		deployment.EnvSuffix: "media.example.com", deployment.EnvHostedZoneID: s.content.ZoneID,
		deployment.EnvPoolTags: "Pool=media", deployment.EnvInstanceTags: "karpenter.sh/nodepool=media",
		deployment.EnvDNSFirstLook: "1ms", deployment.EnvDNSPollInterval: "1ms",
		deployment.EnvReverseNames: "true", deployment.EnvRecords: "multivalue:all || txt:_info:id={instance-id}",
	} {
		t.Setenv(variable, value)
	}
	do := func(args ...string) result { return execute(t.Context(), onAWS(os.Getenv), args...) }

	wantUsage(t, do("check"), missing...)
	do("tables", "create").want(t, exitDone, "ok: the tables are there: "+where)
	do("tables", "create").want(t, exitDone)
	do("check").want(t, exitDone, "records: "+where, "ok:")
	do("list").want(t, exitDone, "ADDRESS ALLOCATION")

	id := s.launch(t, 1)[0]
	do("bind", id).want(t, exitDone, id+" bound 203.0.113.1 203.0.113.1.media.example.com")
	do("reconcile", id).want(t, exitDone, id+" already-bound")
	var r store.Record
	listed := do("list", "--json")
	if err := json.Unmarshal([]byte(listed.stdout), &r); err != nil || r.InstanceID != id || !r.Visible() {
		t.Errorf("%+v, %v", listed, err)
	}
	s.wantNames(t, r)
	do("pause", "--reason", "migration").want(t, exitDone, "ok: paused: migration")
	do("drain", id).want(t, exitWaiting, "paused: migration")
	do("resume").want(t, exitDone)
	do("unbind", id).want(t, exitFailed)
	do("unbind", "--force", id).want(t, exitWaiting, id+" not-ready") // a late AssociateAddress may still land
	do("list").want(t, exitDone, "releasing "+id)
}

// wantNames wants the worker's name, and what is published with it: EC2 takes the
// reverse name only if the name is there.
func (s served) wantNames(t *testing.T, r store.Record) {
	t.Helper()
	credentials := credentials.NewStaticCredentialsProvider("test", "test", "")
	dns := route53.New(route53.Options{BaseEndpoint: &s.content.Endpoint, Region: s.content.Region, Credentials: credentials})
	sets, err := dns.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &s.content.ZoneID})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, set := range sets.ResourceRecordSets {
		if set.Type != "NS" && set.Type != "SOA" {
			got = append(got, fmt.Sprint(*set.Name, " ", set.Type, " ", aws.ToString(set.SetIdentifier), " ", *set.ResourceRecords[0].Value))
		}
	}
	want := []string{
		"203.0.113.1.media.example.com. A  203.0.113.1", "_info.203.0.113.1.media.example.com. TXT  \"id=" + r.InstanceID + "\"",
		"all.media.example.com. A " + r.AllocationID + " 203.0.113.1",
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("published are %v, want %v", got, want)
	}
	out, err := s.compute().DescribeAddressesAttribute(t.Context(), &ec2.DescribeAddressesAttributeInput{AllocationIds: []string{r.AllocationID}})
	if err != nil || len(out.Addresses) != 1 || aws.ToString(out.Addresses[0].PtrRecord) != r.Name {
		t.Errorf("reverse names: %+v, %v, want %s", out, err, r.Name)
	}
}

func TestWithoutRegion(t *testing.T) {
	isolate(t)
	for _, args := range [][]string{{"list"}, {"tables", "create"}} {
		wantUsage(t, execute(t.Context(), onAWS(os.Getenv), args...), "AWS_REGION", "set it")
	}
	got := execute(t.Context(), onAWS(os.Getenv), "bind", someID)
	if !strings.Contains(got.stderr, deployment.EnvSuffix) || got.code != exitUsage {
		t.Errorf("%+v", got)
	}
}
