package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/internal/parts"
)

// prototype does what the system did that came before this one: it associates,
// tags the address, publishes <dotted IP>.<suffix> and puts the row, in this order,
// and may die after each step. It takes nothing back.
type prototype struct {
	*cloud
	tb testing.TB
}

// bind binds a new instance with these tags, and dies after as many steps.
func (p prototype) bind(tags map[string]string, steps int) (machine, address) {
	p.tb.Helper()
	allocationID := p.allocate(p.tb, map[string]string{"Pool": "byol", "App": "streaming", "status": "unassociated"})
	instance, networkInterface := p.launch(p.tb, tags)
	_, err := p.ec2.AssociateAddress(p.tb.Context(), &ec2.AssociateAddressInput{
		AllocationId: &allocationID, NetworkInterfaceId: &networkInterface, AllowReassociation: aws.Bool(false),
	})
	p.must(err)
	a := p.address(p.tb, allocationID)
	for _, step := range []func(address){p.tag, p.publish, p.put}[:steps-1] {
		step(a)
	}
	return machine{instance, networkInterface}, a
}

func (p prototype) must(err error) {
	p.tb.Helper()
	if err != nil {
		p.tb.Fatal(err)
	}
}

func (p prototype) tag(a address) {
	_, err := p.ec2.CreateTags(p.tb.Context(), &ec2.CreateTagsInput{
		Resources: []string{a.AllocationID}, Tags: []ec2types.Tag{{Key: aws.String("status"), Value: aws.String("associated")}},
	})
	p.must(err)
}

func (p prototype) publish(a address) {
	_, err := p.route53.ChangeResourceRecordSets(p.tb.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &p.zoneID,
		ChangeBatch: &route53types.ChangeBatch{Changes: []route53types.Change{{
			Action: route53types.ChangeActionCreate,
			ResourceRecordSet: &route53types.ResourceRecordSet{
				Name: aws.String(nameOf(a)), Type: route53types.RRTypeA, TTL: aws.Int64(60),
				ResourceRecords: []route53types.ResourceRecord{{Value: &a.IP}},
			},
		}}},
	})
	p.must(err)
}

func (p prototype) put(a address) { p.row(a.IP, nameOf(a), a.AssociationID, false) }

func (p prototype) row(ip, name, associationID string, allocated bool) {
	_, err := p.dynamodb.PutItem(p.tb.Context(), &dynamodb.PutItemInput{
		TableName: aws.String("record_table"),
		Item: map[string]dynamodbtypes.AttributeValue{
			"EIP":           &dynamodbtypes.AttributeValueMemberS{Value: ip},
			"DNS_Record":    &dynamodbtypes.AttributeValueMemberS{Value: name},
			"AssociationId": &dynamodbtypes.AttributeValueMemberS{Value: associationID},
			"allocated":     &dynamodbtypes.AttributeValueMemberBOOL{Value: allocated},
		},
	})
	p.must(err)
}

func nameOf(a address) string { return a.IP + "." + suffix }

// run runs the command line and returns what it prints.
func (p prototype) run(args ...string) string {
	p.tb.Helper()
	cli := newProcess(p.tb.Context(), commandLineFor(p.tb), p.settings(), args...)
	if err := cli.cmd.Run(); err != nil {
		p.tb.Fatalf("%v: %v\n%s%s", args, err, cli.stdout.String(), cli.stderr.String())
	}
	return cli.stdout.String()
}

func (p prototype) adopt(args ...string) binder.Adoption {
	p.tb.Helper()
	var all binder.Adoption
	p.must(json.Unmarshal([]byte(p.run(append([]string{"adopt"}, args...)...)), &all))
	return all
}

// TestAdoptWhatThePrototypeLeft takes over what the prototype leaves, with all of
// the ways in which it dies, and has the sweep after it put the rest right.
func TestAdoptWhatThePrototypeLeft(t *testing.T) {
	sim := simulator(t, func(o *awssim.Options) { o.AddressQuota = 6 })
	p := prototype{newCloud(t, sim, sim, parts.Dynoxide(t)), t}
	serving, servingAt := p.bind(worker, 4)
	busy, busyAt := p.bind(worker, 4)
	p.row(busyAt.IP, nameOf(busyAt), busyAt.AssociationID, true)
	rowless, rowlessAt := p.bind(worker, 3)
	nameless, namelessAt := p.bind(worker, 2)
	gone, goneAt := p.bind(worker, 4)
	p.terminate(t, gone.instanceID)
	p.awaitTerminated(t, gone.instanceID)
	_, strangerAt := p.bind(other, 1)
	p.row("192.0.2.1", "192.0.2.1."+suffix, "eipassoc-0", false)

	before := p.state(t)
	planned := p.adopt("--dry-run")
	if diff := cmp.Diff(before, p.state(t)); diff != "" || !planned.DryRun {
		t.Fatalf("a dry run changes something, or is none:\n%s", diff)
	}
	got := p.adopt()
	want := map[string]string{
		"taken " + servingAt.IP:  "bound",
		"taken " + busyAt.IP:     "bound, allocated",
		"taken " + rowlessAt.IP:  "bound",
		"taken " + namelessAt.IP: "bound; the next sweep publishes its name",
		"taken " + goneAt.IP:     "free; its name stays with it until a sweep decides",
		"left " + strangerAt.IP:  "its holder is the primary interface of no eligible instance",
		"left " + "192.0.2.1":    "row of an address that is not in the pool",
	}
	if diff := cmp.Diff(want, told(got)); diff != "" {
		t.Errorf("adopted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(told(planned), told(got)); diff != "" {
		t.Errorf("the dry run said something else (-dry +got):\n%s", diff)
	}
	if after := p.state(t); !slices.Equal(before.Names, after.Names) || !slices.Equal(before.Addresses, after.Addresses) {
		t.Errorf("adopting changed associations or names:\n%s", cmp.Diff(before, after))
	}
	if again := p.adopt(); len(again.Taken) != 0 {
		t.Errorf("adopted twice: %+v", again.Taken)
	}

	p.run("sweep")
	bound := func(m machine, a address, allocated bool) []string {
		return []string{
			fmt.Sprintf(`name ["%s.","A",60,["%s"]]`, nameOf(a), a.IP),
			fmt.Sprintf("row %s %s of %s, allocated %t", a.IP, nameOf(a), m.instanceID, allocated),
			fmt.Sprintf("record %s bound, %s. of %s, in sync true", a.IP, nameOf(a), m.instanceID),
			fmt.Sprintf("guard instance#%s of %s", m.instanceID, a.AllocationID),
			fmt.Sprintf("guard name#%s. of %s", nameOf(a), a.AllocationID),
		}
	}
	all := slices.Concat(bound(serving, servingAt, false), bound(busy, busyAt, true), bound(rowless, rowlessAt, false), bound(nameless, namelessAt, false),
		[]string{
			fmt.Sprintf("record %s free, last of ", goneAt.IP),
			fmt.Sprintf("row 192.0.2.1 192.0.2.1.%s of , allocated false, association \"eipassoc-0\" instead of \"\"", suffix),
		})
	for _, a := range before.Addresses {
		all = append(all, fmt.Sprintf("address %s of %s", a.IP, a.NetworkInterfaceID))
	}
	slices.Sort(all)
	if diff := cmp.Diff(all, p.picture(t)); diff != "" {
		t.Errorf("after the sweep (-want +got):\n%s", diff)
	}

	p.terminate(t, serving.instanceID)
	p.awaitTerminated(t, serving.instanceID)
	p.run("reconcile", serving.instanceID)
	for _, line := range p.picture(t) {
		if strings.Contains(line, serving.instanceID) && !strings.Contains(line, " free, ") || strings.Contains(line, nameOf(servingAt)) {
			t.Errorf("left of a worker that was adopted and is gone: %s", line)
		}
	}
}

// told is what was said of each address.
func told(all binder.Adoption) map[string]string {
	said := map[string]string{}
	for verb, part := range map[string][]binder.Adopted{"taken ": all.Taken, "left ": all.Left} {
		for _, a := range part {
			said[verb+a.IP.String()] = a.Reason
			if a.Allocated {
				said[verb+a.IP.String()] += ", allocated"
			}
		}
	}
	return said
}
