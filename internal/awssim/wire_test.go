package awssim_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// missing skips the test, or fails it where the parts are required.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("EIPBINDER_REQUIRE_PARTS") != "" {
		t.Fatalf("%s is required and not there", what)
	}
	t.Skipf("%s is not there: another AWS client's view of the simulator is not tested", what)
}

// serve puts the Sim on a loopback port, and returns the environment for
// processes that take it for AWS.
func serve(t *testing.T, sim *awssim.Sim) (env []string) {
	t.Helper()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return append(os.Environ(), "AWS_ENDPOINT_URL="+server.URL, "AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=SECRET",
		"AWS_DEFAULT_REGION="+sim.Region(), "AWS_REGION="+sim.Region(), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=")
}

// output runs a program and returns what it prints, on both streams.
func output(t *testing.T, env []string, program string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestAWSCLI(t *testing.T) {
	program, err := exec.LookPath("aws")
	if err != nil {
		missing(t, "the program aws")
	}
	sim := awssim.New(immediate)
	env := serve(t, sim)
	run := func(args ...string) map[string]any {
		t.Helper()
		out, err := output(t, env, program, append(args, "--output", "json")...)
		if err != nil {
			t.Fatalf("aws %s: %v: %s", strings.Join(args, " "), err, out)
		}
		var reply map[string]any
		if out != "" {
			must(t, json.Unmarshal([]byte(out), &reply))
		}
		return reply
	}
	instance := run("ec2", "run-instances", "--image-id", "ami-1", "--tag-specifications", "ResourceType=instance,Tags=[{Key=pool,Value=media}]")["Instances"].([]any)[0].(map[string]any)
	allocation := run("ec2", "allocate-address")["AllocationId"].(string)
	eni := instance["NetworkInterfaces"].([]any)[0].(map[string]any)["NetworkInterfaceId"].(string)
	run("ec2", "associate-address", "--allocation-id", allocation, "--network-interface-id", eni, "--no-allow-reassociation")
	addresses := run("ec2", "describe-addresses", "--filters", "Name=instance-id,Values="+instance["InstanceId"].(string))["Addresses"].([]any)
	equal(t, "addresses", len(addresses), 1)
	zone := run("route53", "create-hosted-zone", "--name", "example.com", "--caller-reference", "x")["HostedZone"].(map[string]any)["Id"].(string)
	sets := run("route53", "list-resource-record-sets", "--hosted-zone-id", zone)["ResourceRecordSets"].([]any)
	equal(t, "record sets", len(sets), 2)
	out, err := output(t, env, program, "ec2", "release-address", "--allocation-id", allocation)
	if err == nil || !strings.Contains(out, "InvalidIPAddress.InUse") {
		t.Errorf("release of an address in use: %v: %s", err, out)
	}
}

func TestBoto3(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		missing(t, "python3")
	}
	if _, err := output(t, os.Environ(), python, "-c", "import boto3"); err != nil {
		missing(t, "boto3")
	}
	out, err := output(t, serve(t, awssim.New(immediate)), python, "testdata/boto3_client.py")
	if err != nil || out != "ok\n" {
		t.Errorf("%v: %s", err, out)
	}
}
