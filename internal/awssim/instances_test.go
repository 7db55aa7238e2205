package awssim_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

func runInput(count int32) *ec2.RunInstancesInput {
	return &ec2.RunInstancesInput{MinCount: &count, MaxCount: &count, ImageId: aws.String("ami-0abcdef12"), InstanceType: types.InstanceTypeC7gnLarge}
}

func TestRunInstances(t *testing.T) {
	runRules(t, []rule{
		{"what is asked for", "API page of RunInstances", nil, func(t *testing.T, w *world) {
			in := runInput(2)
			in.Placement = &types.Placement{AvailabilityZone: aws.String("eu-central-1b")}
			in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("karpenter.sh/nodepool"), Value: aws.String("media")}}}}
			in.NetworkInterfaces = []types.InstanceNetworkInterfaceSpecification{{DeviceIndex: aws.Int32(1)}, {DeviceIndex: aws.Int32(0)}}
			out, err := w.ec2.RunInstances(t.Context(), in)
			must(t, err)
			equal(t, "instances", len(out.Instances), 2)
			i := out.Instances[1]
			equal(t, "state", i.State.Name, types.InstanceStateNamePending)
			equal(t, "zone", aws.ToString(i.Placement.AvailabilityZone), "eu-central-1b")
			equal(t, "type", i.InstanceType, types.InstanceTypeC7gnLarge)
			equal(t, "tag", aws.ToString(i.Tags[0].Value), "media")
			equal(t, "primary first", aws.ToInt32(i.NetworkInterfaces[0].Attachment.DeviceIndex), 0)
			equal(t, "private IP", aws.ToString(i.PrivateIpAddress), aws.ToString(i.NetworkInterfaces[0].PrivateIpAddress))
			if i.PublicIpAddress != nil {
				t.Error("an instance with two interfaces got an auto-assigned address")
			}
		}},
		{"client token", "Ensuring idempotency: same token, same instances", nil, func(t *testing.T, w *world) {
			in := runInput(1)
			in.ClientToken = aws.String("once")
			first, err := w.ec2.RunInstances(t.Context(), in)
			must(t, err)
			second, err := w.ec2.RunInstances(t.Context(), in)
			must(t, err)
			equal(t, "instance", *second.Instances[0].InstanceId, *first.Instances[0].InstanceId)
			in.MaxCount = aws.Int32(2)
			_, err = w.ec2.RunInstances(t.Context(), in)
			wantCode(t, err, "IdempotentParameterMismatch")
		}},
		{"bad parameters", "error codes page", nil, func(t *testing.T, w *world) {
			in := runInput(1)
			in.SubnetId = aws.String("subnet-000000ff")
			_, err := w.ec2.RunInstances(t.Context(), in)
			wantCode(t, err, "InvalidSubnetID.NotFound")
			in = runInput(1)
			in.ImageId = nil
			_, err = w.ec2.RunInstances(t.Context(), in)
			wantCode(t, err, "MissingParameter")
			in = runInput(2)
			in.MaxCount = aws.Int32(1)
			_, err = w.ec2.RunInstances(t.Context(), in)
			wantCode(t, err, "InvalidParameterValue")
			equal(t, "instances", len(w.sim.Instances()), 0)
		}},
	})
}

func (w *world) stateOf(id string) awssim.State { return w.instance(id).State }

func TestInstanceStates(t *testing.T) {
	runRules(t, []rule{
		{"the whole life", "Instance lifecycle; state changes in order and on time", nil, func(t *testing.T, w *world) {
			start := time.Now()
			id := w.launch(awssim.LaunchSpec{}).ID
			time.Sleep(5 * time.Second)
			_, err := w.ec2.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{id}})
			must(t, err)
			time.Sleep(time.Minute)
			out, err := w.ec2.StartInstances(t.Context(), &ec2.StartInstancesInput{InstanceIds: []string{id}})
			must(t, err)
			equal(t, "previous", out.StartingInstances[0].PreviousState.Name, types.InstanceStateNameStopped)
			equal(t, "current", out.StartingInstances[0].CurrentState.Name, types.InstanceStateNamePending)
			time.Sleep(time.Minute)
			_, err = w.ec2.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
			must(t, err)
			time.Sleep(time.Minute)
			var got []string
			for _, c := range w.sim.StateChanges(0) {
				got = append(got, string(c.State)+" "+c.At.Sub(start).String())
			}
			want := []string{"pending 0s", "running 5s", "stopping 5s", "stopped 10s", "pending 1m5s", "running 1m10s", "shutting-down 2m5s", "terminated 2m10s"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			equal(t, "changes after the seventh", len(w.sim.StateChanges(7)), 1)
		}},
		{"terminated while pending", "Instance lifecycle", nil, func(t *testing.T, w *world) {
			id := w.launch(awssim.LaunchSpec{}).ID
			time.Sleep(3 * time.Second)
			must(t, w.sim.Terminate(id))
			time.Sleep(3 * time.Second) // past the time of running
			equal(t, "state", w.stateOf(id), awssim.ShuttingDown)
			must(t, w.sim.Terminate(id)) // again is fine
			time.Sleep(3 * time.Second)
			equal(t, "state", w.stateOf(id), awssim.Terminated)
		}},
		{"wrong states", "error codes page: IncorrectInstanceState", nil, func(t *testing.T, w *world) {
			pending, running, gone := w.launch(awssim.LaunchSpec{}).ID, w.run(1).ID, w.run(1).ID
			must(t, w.sim.Terminate(gone))
			_, err := w.ec2.StartInstances(t.Context(), &ec2.StartInstancesInput{InstanceIds: []string{gone}})
			wantCode(t, err, "IncorrectInstanceState")
			_, err = w.ec2.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{running, gone}})
			wantCode(t, err, "IncorrectInstanceState")
			equal(t, "all or none", w.stateOf(running), awssim.Running)
			equal(t, "earlier one", w.stateOf(pending), awssim.Running)
		}},
		{"terminated ones are described for an hour", "User Guide: remains visible for a short while", nil, func(t *testing.T, w *world) {
			id, err := w.sim.Launch(awssim.LaunchSpec{Tags: map[string]string{"k": "v"}})
			must(t, err)
			time.Sleep(5 * time.Second)
			must(t, w.sim.Terminate(id...))
			time.Sleep(time.Hour)
			i := w.describe(&ec2.DescribeInstancesInput{InstanceIds: id})[0]
			equal(t, "interfaces", len(i.NetworkInterfaces), 0)
			equal(t, "private IP", aws.ToString(i.PrivateIpAddress), "")
			equal(t, "tags", len(i.Tags), 1)
			time.Sleep(5 * time.Second)
			_, err = w.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: id})
			wantCode(t, err, "InvalidInstanceID.NotFound")
		}},
		{"tags can go with termination", "AWS-FACTS: instance tags may be missing then", func(o *awssim.Options) { o.DropTagsOnTermination = true }, func(t *testing.T, w *world) {
			id, err := w.sim.Launch(awssim.LaunchSpec{Tags: map[string]string{"k": "v"}})
			must(t, err)
			must(t, w.sim.Terminate(id...))
			time.Sleep(5 * time.Second)
			equal(t, "tags", len(w.instance(id[0]).Tags), 0)
		}},
	})
}

func (w *world) describe(in *ec2.DescribeInstancesInput) []types.Instance {
	w.t.Helper()
	out, err := w.ec2.DescribeInstances(w.t.Context(), in)
	must(w.t, err)
	var all []types.Instance
	for _, r := range out.Reservations {
		all = append(all, r.Instances...)
	}
	return all
}

func TestDescribeInstances(t *testing.T) {
	runRules(t, []rule{
		{"unknown and malformed IDs", "error codes page", nil, func(t *testing.T, w *world) {
			_, err := w.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{w.run(1).ID, "i-00000000000000001"}})
			wantCode(t, err, "InvalidInstanceID.NotFound")
			_, err = w.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{"i-media"}})
			wantCode(t, err, "InvalidInstanceID.Malformed")
		}},
		{"no MaxResults with IDs", "AWS-FACTS: MaxResults cannot go with InstanceIds", nil, func(t *testing.T, w *world) {
			_, err := w.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{w.run(1).ID}, MaxResults: aws.Int32(5)})
			wantCode(t, err, "InvalidParameterCombination")
			_, err = w.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{MaxResults: aws.Int32(4)})
			wantCode(t, err, "InvalidParameterValue")
			_, err = w.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{NextToken: aws.String("nonsense")})
			wantCode(t, err, "InvalidNextToken")
		}},
		{"pages", "AWS-FACTS: use the filter instance-id with MaxResults", nil, func(t *testing.T, w *world) {
			ids, err := w.sim.Launch(awssim.LaunchSpec{Count: 12})
			must(t, err)
			_, err = w.sim.Launch(awssim.LaunchSpec{Count: 3})
			must(t, err)
			pages := ec2.NewDescribeInstancesPaginator(w.ec2, &ec2.DescribeInstancesInput{Filters: where("instance-id", ids...), MaxResults: aws.Int32(5)})
			var got []string
			for pages.HasMorePages() {
				page, err := pages.NextPage(t.Context())
				must(t, err)
				for _, r := range page.Reservations {
					for _, i := range r.Instances {
						got = append(got, *i.InstanceId)
					}
				}
			}
			if diff := cmp.Diff(ids, got); diff != "" {
				t.Error(diff)
			}
			equal(t, "calls", w.sim.Calls()["DescribeInstances"], 3)
		}},
		{"filters", "API page of DescribeInstances", nil, func(t *testing.T, w *world) {
			one := w.run(1)
			must(t, w.sim.SetTags(one.ID, map[string]string{"karpenter.sh/nodepool": "media"}))
			other := w.launch(awssim.LaunchSpec{})
			for name, value := range map[string]string{"instance-id": one.ID, "instance-state-name": "running", "tag:karpenter.sh/nodepool": "med*",
				"tag-key": "karpenter.sh/*", "network-interface.network-interface-id": one.Interfaces[0].ID, "instance-state-code": "16"} {
				found := w.describe(&ec2.DescribeInstancesInput{Filters: where(name, value)})
				if len(found) != 1 || *found[0].InstanceId != one.ID {
					t.Errorf("filter %s: %d instances", name, len(found))
				}
			}
			equal(t, "both", len(w.describe(&ec2.DescribeInstancesInput{Filters: where("instance-state-name", "running", "pending")})), 2)
			found := w.describe(&ec2.DescribeInstancesInput{InstanceIds: []string{one.ID, other.ID}, Filters: where("instance-state-name", "pending")})
			equal(t, "IDs and filter", len(found), 1)
			_, err := w.ec2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{Filters: where("state", "running")})
			wantCode(t, err, "InvalidParameterValue")
		}},
	})
}

// TestFollow does what a source of events does: sleep until something is due,
// then take what has happened.
func TestFollow(t *testing.T) {
	runRules(t, []rule{{"EventBridge events", "EC2 User Guide: EC2 Instance State-change Notification", nil, func(t *testing.T, w *world) {
		id := w.launch(awssim.LaunchSpec{}).ID
		due, ok := w.sim.NextDue()
		equal(t, "something is due", ok, true)
		time.Sleep(time.Until(due))
		changes := w.sim.StateChanges(1)
		equal(t, "changes", len(changes), 1)
		var event map[string]any
		must(t, json.Unmarshal(w.sim.Event(changes[0]), &event))
		delete(event, "id")
		want := map[string]any{"version": "0", "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2",
			"account": "123456789012", "time": "2000-01-01T00:00:05Z", "region": "eu-central-1",
			"resources": []any{"arn:aws:ec2:eu-central-1:123456789012:instance/" + id},
			"detail":    map[string]any{"instance-id": id, "state": "running"}}
		if diff := cmp.Diff(want, event); diff != "" {
			t.Error(diff)
		}
	}}})
}
