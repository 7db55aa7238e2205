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
	do("pause", "--reason", "migration").want(t, exitDone, "ok: paused: migration")
	do("drain", id).want(t, exitWaiting, "paused: migration")
	do("resume").want(t, exitDone)
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
