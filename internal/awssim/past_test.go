package awssim_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// TestLagShowsThePast: an account that lags by three seconds answers
// everything that another one, with the same history, answered three seconds before.
func TestLagShowsThePast(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { comparePasts(t, seed) })
		})
	}
}

func comparePasts(t *testing.T, seed uint64) {
	const steps, behind = 80, 3
	short := func(o *awssim.Options) {
		o.InsyncAfter = 0
		o.AddressQuota, o.TerminatedFor, o.PublicIPReturnsAfter, o.DropTagsOnTermination = 1000, 10*time.Second, 2*time.Second, true
	}
	present := newAccount(t, short)
	past := newAccount(t, short, func(o *awssim.Options) { o.Lag = awssim.Range{Min: behind * time.Second, Max: behind * time.Second} })
	var answers []string
	one, two := rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 0))
	for step := range steps {
		present.disturb(one)
		past.disturb(two)
		answers = append(answers, describeAll(t, present.Sim))
		late := describeAll(t, past.Sim)
		time.Sleep(time.Second)
		if step < behind || late == answers[step-behind] {
			continue
		}
		t.Fatalf("step %d: (-then +now)\n%s", step, cmp.Diff(strings.Split(answers[step-behind], "><"), strings.Split(late, "><")))
	}
}

var requestID = regexp.MustCompile(`<requestId>[^<]*</requestId>`)

// describeAll returns all that Describe calls answer.
func describeAll(t *testing.T, sim *awssim.Sim) string {
	t.Helper()
	var all strings.Builder
	for _, action := range []string{"DescribeInstances", "DescribeAddresses", "DescribeAddressesAttribute"} {
		status, body := post(sim, time.Now(), url.Values{"Action": {action}})
		equal(t, action, status, http.StatusOK)
		_, _ = io.WriteString(&all, requestID.ReplaceAllString(body, ""))
	}
	return all.String()
}

// account is a Sim with a zone.
type account struct {
	*awssim.Sim
	zone string
}

func newAccount(t *testing.T, optFns ...func(*awssim.Options)) account {
	t.Helper()
	sim := awssim.New(optFns...)
	zone, err := sim.CreateZone("example.com")
	must(t, err)
	return account{sim, zone}
}

var interfaceID = regexp.MustCompile(`eni-[0-9a-f]{17}`)

// request sends a request of these keys and values, and returns the answer.
func (sim account) request(action string, parameters ...string) (body string) {
	form := url.Values{"Action": {action}}
	for pair := range slices.Chunk(parameters, 2) {
		form.Set(pair[0], pair[1])
	}
	_, body = post(sim.Sim, time.Now(), form)
	return body
}

// disturb does something, which may be refused.
func (sim account) disturb(g *rand.Rand) {
	instances, addresses := sim.Instances(), sim.Addresses()
	instance, address := pick(g, instances), pick(g, addresses)
	tags := map[string]string{"n": fmt.Sprint(g.IntN(100))}
	var eni string
	if len(instance.Interfaces) > 0 {
		eni = pick(g, instance.Interfaces).ID
	}
	switch g.IntN(16) {
	case 0, 1:
		_, _ = sim.Launch(awssim.LaunchSpec{Count: 1 + g.IntN(3), Interfaces: 1 + g.IntN(2), Tags: tags})
	case 2:
		_, _ = sim.Allocate("", tags)
	case 3, 4:
		_, _ = sim.Associate(address.AllocationID, eni)
	case 5:
		_ = sim.Disassociate(address.AssociationID)
	case 6:
		_ = sim.Release(address.AllocationID)
	case 7:
		_ = sim.SetTags(pick(g, []string{instance.ID, address.AllocationID}), tags)
	case 8:
		_ = sim.SetServiceManaged(address.AllocationID, pick(g, []string{"", "", "alb"}))
	case 9:
		_ = sim.Stop(instance.ID)
	case 10:
		_ = sim.Start(instance.ID)
	case 11:
		_ = sim.Terminate(instance.ID)
	default:
		sim.disturbByRequest(g, instance, address)
	}
}

// disturbByRequest does what has no method of its own.
func (sim account) disturbByRequest(g *rand.Rand, i awssim.Instance, a awssim.Address) {
	resource := pick(g, []string{i.ID, a.AllocationID})
	switch g.IntN(5) {
	case 0:
		sim.request("CreateTags", "ResourceId.1", resource, "Tag.1.Key", "n", "Tag.1.Value", fmt.Sprint(g.IntN(100)))
	case 1:
		sim.request("DeleteTags", "ResourceId.1", resource)
	case 2: // an interface that comes later, perhaps with an address, and stays
		body := sim.request("CreateNetworkInterface", "SubnetId", fmt.Sprintf("subnet-%017d", 1+g.IntN(3)))
		eni := interfaceID.FindString(body)
		if g.IntN(2) == 0 {
			_, _ = sim.Associate(a.AllocationID, eni)
		}
		sim.request("AttachNetworkInterface", "NetworkInterfaceId", eni, "InstanceId", i.ID, "DeviceIndex", "7")
	case 3:
		_ = sim.PutRecordSet(sim.zone, awssim.RecordSet{Name: "a.example.com", Type: "A", TTL: 60, Values: []string{a.IP.String()}})
		sim.request("ModifyAddressAttribute", "AllocationId", a.AllocationID, "DomainName", "a.example.com")
	case 4:
		sim.request("ResetAddressAttribute", "AllocationId", a.AllocationID, "Attribute", "domain-name")
	}
}

// pick returns one of them, or the zero value if there are none.
func pick[T any](g *rand.Rand, all []T) (one T) {
	n := g.IntN(max(len(all), 1))
	if n < len(all) {
		one = all[n]
	}
	return one
}
