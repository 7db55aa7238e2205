package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
// EC2 and Route 53 of "awssim --listen" and a DynamoDB of their own.
func TestCommandsOnOtherEndpoints(t *testing.T) {
	isolate(t)
	database := parts.Dynoxide(t)
	s := serveAWS(t, "--pool", "1", "--zone", "media.example.com", "--pending", "0s", "--insync", "0s")
	t.Setenv("AWS_REGION", s.content.Region)
	t.Setenv("AWS_ENDPOINT_URL_EC2", s.content.Endpoint)
	t.Setenv("AWS_ENDPOINT_URL_ROUTE_53", s.content.Endpoint)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", database)
	t.Setenv(deployment.EnvSuffix, "media.example.com")
	t.Setenv(deployment.EnvHostedZoneID, s.content.ZoneID)
	t.Setenv(deployment.EnvPoolTags, "Pool=media")
	t.Setenv(deployment.EnvInstanceTags, "karpenter.sh/nodepool=media")
	t.Setenv(deployment.EnvRecordTable, "media_records")
	do := func(args ...string) result { return execute(t.Context(), onAWS(os.Getenv), args...) }

	wantUsage(t, do("check"), "media_records", "binding_table", "does not exist")
	do("tables", "create").want(t, exitDone, "ok: tables media_records and binding_table are there")
	do("tables", "create").want(t, exitDone)
	do("check").want(t, exitDone, "ok:")
	do("list").want(t, exitDone, "ADDRESS ALLOCATION")

	id := s.launch(t, 1)[0]
	do("bind", id).want(t, exitDone, id+" bound 203.0.113.1 203.0.113.1.media.example.com")
	do("reconcile", id).want(t, exitDone, id+" already-bound")
	var r store.Record
	listed := do("list", "--json")
	if err := json.Unmarshal([]byte(listed.stdout), &r); err != nil || r.InstanceID != id || !r.Visible() {
		t.Errorf("%+v, %v", listed, err)
	}
	do("unbind", id).want(t, exitFailed)
	do("unbind", "--force", id).want(t, exitWaiting, id+" not-ready") // a late AssociateAddress may still land
	do("list").want(t, exitDone, "releasing "+id)
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
