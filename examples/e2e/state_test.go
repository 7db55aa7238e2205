package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// state is all that the function can change, in an order that does not depend on
// the stand-ins.
type state struct {
	Addresses []address
	// Names are the zone's record sets: name, type, TTL and values.
	Names []string
	// Rows and Bindings are the items of the two tables, as JSON.
	Rows, Bindings []string
}

// address is an Elastic IP address with what holds it.
type address struct{ AllocationID, IP, AssociationID, NetworkInterfaceID string }

func (c *cloud) state(tb testing.TB) state {
	tb.Helper()
	return state{
		Addresses: c.addresses(tb),
		Names:     c.names(tb),
		Rows:      c.items(tb, "record_table"),
		Bindings:  c.items(tb, "binding_table"),
	}
}

func (c *cloud) addresses(tb testing.TB) []address {
	tb.Helper()
	out, err := c.ec2.DescribeAddresses(tb.Context(), &ec2.DescribeAddressesInput{})
	if err != nil {
		tb.Fatal(err)
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	var found []address
	for _, a := range out.Addresses {
		found = append(found, address{text(a.AllocationId), text(a.PublicIp), text(a.AssociationId), text(a.NetworkInterfaceId)})
	}
	slices.SortFunc(found, func(a, b address) int { return strings.Compare(a.AllocationID, b.AllocationID) })
	return found
}

// address returns the address of this ID.
func (c *cloud) address(tb testing.TB, allocationID string) address {
	tb.Helper()
	all := c.addresses(tb)
	i := slices.IndexFunc(all, func(a address) bool { return a.AllocationID == allocationID })
	if i < 0 {
		tb.Fatalf("there is no address %s", allocationID)
	}
	return all[i]
}

func (c *cloud) names(tb testing.TB) []string {
	tb.Helper()
	out, err := c.route53.ListResourceRecordSets(tb.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &c.zoneID})
	if err != nil {
		tb.Fatal(err)
	}
	var found []string
	for _, set := range out.ResourceRecordSets {
		values := make([]string, len(set.ResourceRecords))
		for i, r := range set.ResourceRecords {
			values[i] = *r.Value
		}
		found = append(found, asJSON(tb, []any{*set.Name, set.Type, *set.TTL, values}))
	}
	slices.Sort(found)
	return found
}

func (c *cloud) items(tb testing.TB, table string) []string {
	tb.Helper()
	consistent := true
	out, err := c.dynamodb.Scan(tb.Context(), &dynamodb.ScanInput{TableName: &table, ConsistentRead: &consistent})
	if err != nil {
		tb.Fatal(err)
	}
	var found []string
	for _, item := range out.Items {
		found = append(found, asJSON(tb, item))
	}
	slices.Sort(found)
	return found
}

func asJSON(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// record returns the binder's record of an address.
func (c *cloud) record(tb testing.TB, allocationID string) store.Record {
	tb.Helper()
	records, err := dynamostore.New(c.dynamodb)
	if err != nil {
		tb.Fatal(err)
	}
	found, err := records.Get(tb.Context(), store.ByAddress(allocationID))
	if err != nil || len(found) != 1 {
		tb.Fatalf("the record of %s: %v, %v", allocationID, found, err)
	}
	return found[0]
}

// row is an item of the record table as its document has it.
type row struct {
	EIP           string
	DNSRecord     string `json:"DNS_Record"`
	AssociationID string `json:"AssociationId"`
	Allocated     bool   `json:"allocated"`
}

// scheduleServer runs testdata/schedule_server.py and reads what it prints.
func (c *cloud) scheduleServer(tb testing.TB, command string, result any) {
	tb.Helper()
	cmd := exec.Command("python3", "testdata/schedule_server.py", command)
	cmd.Env = append(os.Environ(), "AWS_DEFAULT_REGION="+region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_ENDPOINT_URL_DYNAMODB="+c.dynamodbEndpoint)
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		tb.Fatalf("schedule_server.py %s: %v", command, err)
	}
	if err := json.Unmarshal(output, result); err != nil {
		tb.Fatalf("schedule_server.py %s prints %q: %v", command, output, err)
	}
}

// needPython skips the test where the schedule server cannot run.
func needPython(tb testing.TB) {
	tb.Helper()
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		missing(tb, "python3 with boto3 is missing: pip install boto3")
	}
}

// missing skips the test, unless all parts are required.
func missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("EIPBINDER_REQUIRE_PARTS") != "" {
		tb.Fatal(what)
	}
	tb.Skip(what)
}
