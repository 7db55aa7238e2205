package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
)

// served is an "awssim --json" that runs until stop is called, or the test ends.
type served struct {
	content content
	stop    func() (exitCode int)
}

func serveAWS(t *testing.T, args ...string) served {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		code := onAWS(func(string) string { return "" }).run(ctx, append([]string{"awssim", "--json"}, args...), writer, &stderr)
		_ = writer.Close()
		ended <- code
	}()
	first, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatalf("awssim says nothing: %v, exit code %d\n%s", err, <-ended, stderr.String())
	}
	s := served{stop: func() int { cancel(); code := <-ended; ended <- code; return code }}
	t.Cleanup(func() { s.stop() })
	if err := json.Unmarshal([]byte(first), &s.content); err != nil {
		t.Fatalf("%q: %v", first, err)
	}
	return s
}

func (s served) compute() *ec2.Client {
	return ec2.New(ec2.Options{BaseEndpoint: &s.content.Endpoint, Region: s.content.Region, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
}

// launch starts workers over the wire and returns their IDs.
func (s served) launch(t *testing.T, count int32) []string {
	t.Helper()
	tags := []types.Tag{{Key: aws.String("karpenter.sh/nodepool"), Value: aws.String("media")}}
	out, err := s.compute().RunInstances(t.Context(), &ec2.RunInstancesInput{
		MinCount: &count, MaxCount: &count, ImageId: aws.String("ami-00000000000000001"), InstanceType: types.InstanceTypeC7gnLarge,
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: tags}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, i := range out.Instances {
		ids = append(ids, *i.InstanceId)
	}
	return ids
}

func TestAWSSimServesSDKClients(t *testing.T) {
	s := serveAWS(t, "--listen", "127.0.0.1:0", "--pool", "8", "--pool-tags", "Pool=byol,App=streaming", "--zone", "media.example.com")
	if !strings.HasPrefix(s.content.Endpoint, "http://127.0.0.1:") || len(s.content.Addresses) != 8 {
		t.Fatalf("content %+v", s.content)
	}
	addresses, err := s.compute().DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{
		Filters: []types.Filter{{Name: aws.String("tag:App"), Values: []string{"streaming"}}},
	})
	if err != nil || len(addresses.Addresses) != 8 {
		t.Errorf("%+v, %v", addresses, err)
	}
	dns := route53.New(route53.Options{BaseEndpoint: &s.content.Endpoint, Region: s.content.Region, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	zone, err := dns.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: &s.content.ZoneID})
	if err != nil || *zone.HostedZone.Name != "media.example.com." {
		t.Errorf("%+v, %v", zone, err)
	}
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if r, err := http.Get(s.content.Endpoint); err == nil {
		r.Body.Close()
		t.Error("it still answers")
	}
}

func TestAWSSimTellsPeopleHowToCallIt(t *testing.T) {
	var out bytes.Buffer
	c := content{Endpoint: "http://127.0.0.1:4566", Region: "eu-central-1"}
	_, made, err := simulator{addresses: 2, poolTags: "Pool=media", zone: "media.example.com"}.prepare()
	if err != nil {
		t.Fatal(err)
	}
	c.Zone, c.ZoneID, c.Addresses = made.Zone, made.ZoneID, made.Addresses
	if err := c.show(&out, false); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		"nothing here is AWS", "endpoint http://127.0.0.1:4566", "zone " + made.ZoneID + " media.example.com",
		"address " + made.Addresses[1].AllocationID + " 203.0.113.2", "aws --endpoint-url http://127.0.0.1:4566 ec2 describe-addresses",
	} {
		if !hasLine(out.String(), words) {
			t.Errorf("no line with %q:\n%s", words, out.String())
		}
	}
}

func TestAWSSimOnATakenPort(t *testing.T) {
	s := serveAWS(t)
	taken := strings.TrimPrefix(s.content.Endpoint, "http://")
	got := execute(t.Context(), onAWS(func(string) string { return "" }), "awssim", "--listen", taken)
	if got.code != exitFailed || !strings.Contains(got.stderr, "in use") || got.stdout != "" {
		t.Errorf("%+v", got)
	}
}
