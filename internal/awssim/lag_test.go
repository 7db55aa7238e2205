package awssim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

func lag(low, high time.Duration) func(*awssim.Options) {
	return func(o *awssim.Options) { o.Lag, o.AddressQuota = awssim.Range{Min: low, Max: high}, 1000 }
}

// state returns the state that EC2 shows of an instance, or the error's code.
func (w *world) state(instanceID string) string {
	out, err := w.ec2.DescribeInstances(w.t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{instanceID}})
	if err != nil {
		return codeOf(err)
	}
	return string(out.Reservations[0].Instances[0].State.Name)
}

// visible returns how many addresses a caller sees.
func (w *world) visible(client *ec2.Client) int {
	w.t.Helper()
	out, err := client.DescribeAddresses(w.t.Context(), &ec2.DescribeAddressesInput{})
	must(w.t, err)
	return len(out.Addresses)
}

func TestLag(t *testing.T) {
	const behind = 10 * time.Second
	runSeeded(t, []rule{
		{"a new instance is not found", "AWS-FACTS: InvalidInstanceID.NotFound right after launch", lag(behind, behind), func(t *testing.T, w *world) {
			id := w.launch(awssim.LaunchSpec{}).ID
			equal(t, "at once", w.state(id), "InvalidInstanceID.NotFound")
			time.Sleep(behind - 1)
			equal(t, "just before", w.state(id), "InvalidInstanceID.NotFound")
			time.Sleep(1)
			equal(t, "then", w.state(id), "pending")
			equal(t, "in truth", w.instance(id).State, awssim.Running)
			time.Sleep(5 * time.Second)
			equal(t, "later", w.state(id), "running")
		}},
		{"a new instance is missing in the list", "AWS-FACTS: a change may not be visible to the next Describe", lag(behind, behind), func(t *testing.T, w *world) {
			w.launch(awssim.LaunchSpec{})
			out, err := w.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{})
			must(t, err)
			equal(t, "reservations", len(out.Reservations), 0)
		}},
		{"writes are decided on the true state", "AWS-FACTS: it does not mean that the instance does not exist", lag(time.Hour, time.Hour), func(t *testing.T, w *world) {
			a, one, two := w.allocate(), w.run(1), w.run(1)
			equal(t, "instance", w.state(one.ID), "InvalidInstanceID.NotFound")
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			_, err = w.associate(a, two.Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "Resource.AlreadyAssociated")
		}},
		{"an association shows later", "AWS-FACTS: Terraform waits for an association to appear", lag(behind, behind), func(t *testing.T, w *world) {
			a, one := w.allocate(), w.run(1)
			time.Sleep(behind)
			id, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			for _, want := range []string{"", id} {
				out, err := w.ec2.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{AllocationIds: []string{a}})
				must(t, err)
				equal(t, "association", aws.ToString(out.Addresses[0].AssociationId), want)
				time.Sleep(behind)
			}
		}},
		{"what is gone stays visible", "AWS-FACTS: a change may not be visible to the next Describe", lag(behind, behind), func(t *testing.T, w *world) {
			a := w.allocate()
			time.Sleep(behind)
			must(t, w.sim.Release(a))
			equal(t, "at once", w.visible(w.ec2), 1)
			time.Sleep(behind)
			equal(t, "later", w.visible(w.ec2), 0)
			must(t, w.sim.SetTags(w.allocate(), nil)) // memory of the old one is given up on the way
			time.Sleep(behind)
			equal(t, "another one", w.visible(w.ec2), 1)
		}},
		{"an address that outlives its instance", "User Guide: attached later means not deleted on termination", lag(behind, behind), func(t *testing.T, w *world) {
			a, one := w.allocate(), w.run(1)
			time.Sleep(behind)
			_, err := w.associate(a, w.attachSecond(one), aws.Bool(false))
			must(t, err)
			must(t, w.sim.Terminate(one.ID))
			time.Sleep(5 * time.Second)
			for _, want := range []string{one.ID, ""} {
				time.Sleep(behind - 1)
				out, err := w.ec2.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{})
				must(t, err)
				equal(t, "holder", aws.ToString(out.Addresses[0].InstanceId), want)
			}
		}},
		{"off by default", "Options.Lag", nil, func(t *testing.T, w *world) {
			equal(t, "at once", w.state(w.launch(awssim.LaunchSpec{}).ID), "pending")
		}},
		{"no caller sees time go back", "Options.Lag: bounded, and monotone for each access key", lag(0, behind), monotone},
	})
}

// monotone: an address more each half second, of which two callers see so many.
func monotone(t *testing.T, w *world) {
	callers := []*ec2.Client{w.as("ONE"), w.as("TWO")}
	last, behind, apart := []int{0, 0}, 0, 0
	for tick := range 100 {
		if tick%5 == 0 {
			w.allocate()
		}
		truth := len(w.sim.Addresses())
		for n, client := range callers {
			seen := w.visible(client)
			between(t, "addresses", seen, max(last[n], truth-21), truth)
			last[n] = seen
		}
		if last[0] < truth {
			behind++
		}
		if last[0] != last[1] {
			apart++
		}
		time.Sleep(100 * time.Millisecond)
	}
	between(t, "times behind the truth", behind, 50, 100)
	between(t, "times with two answers", apart, 10, 100)
}
