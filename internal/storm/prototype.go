package storm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

const (
	// accountConcurrency is Lambda's default for an account: the prototype
	// reserves none.
	accountConcurrency = 1000
	// longestTimeout is the most that Lambda allows, so that none of the
	// prototype's invocations ends for want of time.
	longestTimeout = 15 * time.Minute
)

// Prototype is the Lambda function that this module grew from, step by step, with
// boto3's retries within a call and Lambda's two for an invocation. It acts on
// running workers only. It gets the longest time-out, all of the account's
// concurrency and an import of boto3 that takes 300 ms.
func Prototype() Contender {
	return Contender{Name: "prototype", Run: func(ctx context.Context, w *World) error {
		p := &prototype{world: w, table: map[string]bool{}, functions: make([]clients, accountConcurrency)}
		for i := range p.functions {
			name := fmt.Sprintf("prototype-%d", i+1)
			p.functions[i] = w.clients(name, botoRetryer(chance(w.Seed, "backoff", name)))
		}
		f := &function{concurrency: accountConcurrency, timeout: longestTimeout, coldStart: 300 * time.Millisecond, handle: p.handle}
		var group sync.WaitGroup
		defer group.Wait()
		for d := range w.Events(ctx) {
			if d.Change.State == "running" {
				group.Go(func() { f.invokeAsync(ctx, w.Sim.Event(d.Change)) })
			}
		}
		return nil
	}}
}

type prototype struct {
	world     *World
	functions []clients // by environment

	mu       sync.Mutex
	table    map[string]bool // keys that a row has: the EIP
	versions int64
}

// handle is one invocation. Every error ends it, wherever it is.
func (p *prototype) handle(ctx context.Context, environment int, event []byte) error {
	var e struct {
		Detail struct {
			InstanceID string `json:"instance-id"`
		} `json:"detail"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return err
	}
	calls := p.functions[environment-1]
	target, err := p.describeInstance(ctx, calls, e.Detail.InstanceID)
	if err != nil {
		return err
	}
	chosen, err := p.choose(ctx, calls)
	if err != nil || chosen == nil {
		return err // none left: printed, and reported as success
	}
	if err := p.associate(ctx, calls, chosen, target); err != nil {
		return err
	}
	if err := p.publish(ctx, calls, *chosen.PublicIp); err != nil {
		return err
	}
	return p.putItem(ctx, e.Detail.InstanceID, chosen)
}

// describeInstance returns the first interface of the instance.
func (p *prototype) describeInstance(ctx context.Context, calls clients, id string) (interfaceID *string, err error) {
	out, err := calls.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{
		{Name: aws.String("instance-id"), Values: []string{id}},
		{Name: aws.String("tag:karpenter.sh/provisioner-name"), Values: []string{"default"}},
	}})
	if err != nil {
		return nil, err
	}
	if len(out.Reservations) == 0 || len(out.Reservations[0].Instances[0].NetworkInterfaces) == 0 {
		return nil, errors.New("IndexError: list index out of range")
	}
	return out.Reservations[0].Instances[0].NetworkInterfaces[0].NetworkInterfaceId, nil
}

// choose picks one of the free addresses at random; nil if there is none.
func (p *prototype) choose(ctx context.Context, calls clients) (*ec2types.Address, error) {
	out, err := calls.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: []ec2types.Filter{
		{Name: aws.String("tag:Pool"), Values: []string{"byol"}},
		{Name: aws.String("tag:App"), Values: []string{"streaming"}},
		{Name: aws.String("tag:status"), Values: []string{"unassociated"}},
	}})
	if err != nil || len(out.Addresses) == 0 {
		return nil, err
	}
	n := chance(p.world.Seed, "choose", time.Now().UnixNano()).IntN(len(out.Addresses))
	return &out.Addresses[n], nil
}

// associate takes the address and marks it. A lost race is an error like any
// other: the branch that should try another address is never reached.
func (p *prototype) associate(ctx context.Context, calls clients, chosen *ec2types.Address, interfaceID *string) error {
	_, err := calls.ec2.AssociateAddress(ctx, &ec2.AssociateAddressInput{
		AllocationId: chosen.AllocationId, NetworkInterfaceId: interfaceID, AllowReassociation: aws.Bool(false),
	})
	if err != nil {
		return err
	}
	_, err = calls.ec2.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{*chosen.AllocationId},
		Tags:      []ec2types.Tag{{Key: aws.String("status"), Value: aws.String("associated")}},
	})
	return err
}

// publish creates the name and asks, without a pause, until it is in sync.
func (p *prototype) publish(ctx context.Context, calls clients, ip string) error {
	out, err := calls.route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &p.world.ZoneID,
		ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
			Name: aws.String(ip + "." + suffix), Type: types.RRTypeA, TTL: aws.Int64(60),
			ResourceRecords: []types.ResourceRecord{{Value: &ip}},
		}}}},
	})
	if err != nil {
		return err
	}
	for {
		change, err := calls.route53.GetChange(ctx, &route53.GetChangeInput{Id: out.ChangeInfo.Id})
		if err != nil {
			return err
		}
		if change.ChangeInfo.Status == types.ChangeStatusInsync {
			return nil
		}
	}
}

// putItem writes the row on condition that the address has none.
func (p *prototype) putItem(ctx context.Context, instanceID string, chosen *ec2types.Address) error {
	if err := p.world.Records.write(ctx, "row "+*chosen.PublicIp); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.table[*chosen.PublicIp] {
		return errors.New("ConditionalCheckFailedException")
	}
	p.table[*chosen.PublicIp] = true
	p.versions++
	p.world.judge.show(row{instanceID, *chosen.AllocationId, *chosen.PublicIp + "." + suffix}, p.versions)
	return nil
}
