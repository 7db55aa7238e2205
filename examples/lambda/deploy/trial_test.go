package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// blockWith returns README.md's block with this command.
func blockWith(t *testing.T, command string) string {
	t.Helper()
	blocks := readme(t, "sh")
	i := slices.IndexFunc(blocks, func(b string) bool { return strings.Contains(b, command) })
	if i < 0 {
		t.Fatalf("README.md has no %s", command)
	}
	return blocks[i]
}

// asked are the tags that the stack, as README.md deploys it, asks of a worker and
// of an address.
func asked(t *testing.T) (worker, address []string) {
	t.Helper()
	deploy := blockWith(t, "cloudformation deploy")
	given := func(parameter string) string {
		found := regexp.MustCompile(`\b` + parameter + `=(\S+)`).FindStringSubmatch(deploy)
		if found == nil {
			t.Fatalf("README.md does not give %s", parameter)
		}
		return found[1]
	}
	key, _ := committed(t).Parameters["ClusterTagKey"].Default.(string)
	worker = []string{key + "=" + given("ClusterTagValue"), given("InstanceTags")}
	return worker, []string{given("PoolTagKey") + "=" + given("PoolTagValue")}
}

// TestReadmeTrial runs the steps from an empty account to one instance as a trial,
// but for the deployment: zone, addresses and worker. Moto's account has what AWS puts
// into a new one, a default VPC and Amazon's images.
func TestReadmeTrial(t *testing.T) {
	bash := part(t, "bash", "gnu.org/software/bash")
	part(t, "aws", "pip install awscli")
	trial := blockWith(t, "run-instances")
	script := "set -euo pipefail\n{\n" + blockWith(t, "create-hosted-zone") + blockWith(t, "allocate-address") + trial + `} >/dev/null
aws ec2 describe-addresses --query '{addresses: Addresses[].Tags}' --output json
aws ec2 describe-instances --query '{workers: Reservations[].Instances[].Tags}' --output json`
	cmd := exec.CommandContext(t.Context(), bash, "-c", script)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+moto(t), "AWS_DEFAULT_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, &stderr, script)
	}
	type tags []struct{ Key, Value string }
	var made struct{ Addresses, Workers []tags }
	for answers := json.NewDecoder(strings.NewReader(string(out))); answers.More(); {
		if err := answers.Decode(&made); err != nil {
			t.Fatal(err)
		}
	}
	worker, address := asked(t)
	want := func(what string, all []tags, number int, want []string) {
		if len(all) != number {
			t.Errorf("README.md makes %d of %s, want %d", len(all), what, number)
		}
		for _, tags := range all {
			var got []string
			for _, tag := range tags {
				got = append(got, tag.Key+"="+tag.Value)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s: the tags are %v, and the stack asks for %v", what, got, want)
			}
		}
	}
	want("the pool's addresses", made.Addresses, 5, address)
	want("the trial", made.Workers, 1, worker)
	// Moto takes no tags for interfaces. The functions may touch none without them.
	if !strings.Contains(trial, `"ResourceType=instance,$tags" "ResourceType=network-interface,$tags"`) {
		t.Errorf("the worker's interface has not the worker's tags:\n%s", trial)
	}
}

// moto starts a stand-in for AWS, with an empty account, until the test ends.
func moto(t *testing.T) (endpoint string) {
	t.Helper()
	cmd := exec.Command(part(t, "moto_server", "pip install 'moto[server]'"), "-H", "127.0.0.1", "-p", "0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it may be a launcher
	output, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if found := regexp.MustCompile(`Running on (http://[0-9.:]+)`).FindStringSubmatch(lines.Text()); found != nil {
			go io.Copy(io.Discard, output) // else it waits for a reader at some time
			return found[1]
		}
	}
	t.Fatal("moto_server has not started")
	return ""
}
