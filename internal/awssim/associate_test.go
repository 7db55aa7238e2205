package awssim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

func TestAssociateAddress(t *testing.T) {
	runRules(t, []rule{
		{"omitted AllowReassociation moves the address", "API page: reassociation is automatic", nil, func(t *testing.T, w *world) {
			a, one, two := w.allocate(), w.run(1), w.run(1)
			first, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			second, err := w.associate(a, two.Interfaces[0].ID, nil)
			must(t, err)
			if first == second {
				t.Error("another association has the same ID")
			}
			equal(t, "holder", w.address(a).InstanceID, two.ID)
		}},
		{"false refuses an address held elsewhere", "AWS-FACTS: 400 Resource.AlreadyAssociated", nil, func(t *testing.T, w *world) {
			a, one, two := w.allocate(), w.run(1), w.run(1)
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			_, err = w.associate(a, two.Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "Resource.AlreadyAssociated")
			equal(t, "holder", w.address(a).InstanceID, one.ID)
		}},
		{"repeating is idempotent", "API page: this is an idempotent operation", nil, func(t *testing.T, w *world) {
			a, one := w.allocate(), w.run(1)
			first, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			second, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			equal(t, "association", second, first)
		}},
		{"repeating is refused on demand", "AWS-FACTS: with false onto the same target: U", func(o *awssim.Options) { o.RefuseRepeat = true }, func(t *testing.T, w *world) {
			a, one := w.allocate(), w.run(1)
			first, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			_, err = w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "Resource.AlreadyAssociated")
			equal(t, "association", w.address(a).AssociationID, first)
		}},
		{"an address on the target is displaced", "AWS-FACTS: an address already on the private IP is displaced", nil, func(t *testing.T, w *world) {
			a, b, one := w.allocate(), w.allocate(), w.run(1)
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			_, err = w.associate(b, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			equal(t, "displaced", w.address(a).AssociationID, "")
			equal(t, "holder", w.address(b).InstanceID, one.ID)
		}},
		{"displacement is refused on demand", "AWS-FACTS: whether false prevents that: U", func(o *awssim.Options) { o.RefuseDisplacement = true }, func(t *testing.T, w *world) {
			a, b, one := w.allocate(), w.allocate(), w.run(1)
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			_, err = w.associate(b, one.Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "Resource.AlreadyAssociated")
			_, err = w.associate(b, one.Interfaces[0].ID, nil)
			must(t, err)
			equal(t, "displaced", w.address(a).AssociationID, "")
		}},
		{"one address per private IPv4", "AWS-FACTS: one address per private IPv4", nil, func(t *testing.T, w *world) {
			a, b := w.allocate(), w.allocate()
			id := w.launch(awssim.LaunchSpec{SecondaryIPs: 1}).ID
			time.Sleep(5 * time.Second)
			eni := w.instance(id).Interfaces[0]
			for n, allocation := range []string{a, b} {
				_, err := w.ec2.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: &allocation,
					NetworkInterfaceId: &eni.ID, PrivateIpAddress: aws.String(eni.PrivateIPs[n].String())})
				must(t, err)
			}
			equal(t, "first", w.address(a).PrivateIP, eni.PrivateIPs[0])
			equal(t, "second", w.address(b).PrivateIP, eni.PrivateIPs[1])
		}},
		{"network border groups must agree", "AWS-FACTS: interface and address must share a group; the code is U", func(o *awssim.Options) {
			o.Zones = []awssim.Zone{{Name: "eu-central-1a"}, {Name: "eu-central-1-ham-1a", NetworkBorderGroup: "eu-central-1-ham-1"}}
		}, func(t *testing.T, w *world) {
			a, err := w.sim.Allocate("eu-central-1-ham-1", nil)
			must(t, err)
			i := w.launch(awssim.LaunchSpec{Zone: "eu-central-1a"})
			time.Sleep(5 * time.Second)
			_, err = w.associate(a, i.Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "InvalidParameterCombination")
			i = w.launch(awssim.LaunchSpec{Zone: "eu-central-1-ham-1a"})
			time.Sleep(5 * time.Second)
			_, err = w.associate(a, i.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
		}},
		{"a service's address is left alone", "AWS-FACTS: skip addresses with ServiceManaged set", nil, func(t *testing.T, w *world) {
			a, one := w.allocate(), w.run(1)
			must(t, w.sim.SetServiceManaged(a, "alb"))
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "OperationNotPermitted")
		}},
	})
}

func TestAssociateAddressTargets(t *testing.T) {
	runRules(t, []rule{
		{"pending by interface", "AWS-FACTS: IncorrectInstanceState by interface", nil, func(t *testing.T, w *world) {
			_, err := w.associate(w.allocate(), w.launch(awssim.LaunchSpec{}).Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "IncorrectInstanceState")
		}},
		{"pending by instance", "AWS-FACTS: InvalidInstanceID with \"pending\"", nil, func(t *testing.T, w *world) {
			err := w.byInstance(w.launch(awssim.LaunchSpec{}).ID)
			wantCode(t, err, "InvalidInstanceID")
			wantText(t, err, "pending")
		}},
		{"shutting-down by interface", "error codes page: IncorrectInstanceState", nil, func(t *testing.T, w *world) {
			one := w.run(1)
			must(t, w.sim.Terminate(one.ID))
			_, err := w.associate(w.allocate(), one.Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "IncorrectInstanceState")
		}},
		{"terminated by interface", "User Guide: the primary interface is deleted with the instance", nil, func(t *testing.T, w *world) {
			one := w.run(1)
			must(t, w.sim.Terminate(one.ID))
			time.Sleep(5 * time.Second)
			_, err := w.associate(w.allocate(), one.Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "InvalidNetworkInterfaceID.NotFound")
		}},
		{"terminated by instance", "error codes page: InvalidInstanceID", nil, func(t *testing.T, w *world) {
			one := w.run(1)
			must(t, w.sim.Terminate(one.ID))
			time.Sleep(5 * time.Second)
			wantCode(t, w.byInstance(one.ID), "InvalidInstanceID")
		}},
		{"several interfaces by instance", "AWS-FACTS: by InstanceId it fails as InvalidInstanceID", nil, func(t *testing.T, w *world) {
			two := w.run(2)
			wantCode(t, w.byInstance(two.ID), "InvalidInstanceID")
			_, err := w.associate(w.allocate(), two.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
		}},
		{"one interface by instance", "API page: the instance must have exactly one interface", nil, func(t *testing.T, w *world) {
			must(t, w.byInstance(w.run(1).ID))
		}},
		{"stopped is fine", "AWS-FACTS: stop keeps the address on the instance", nil, func(t *testing.T, w *world) {
			one := w.run(1)
			must(t, w.sim.Stop(one.ID))
			time.Sleep(5 * time.Second)
			_, err := w.associate(w.allocate(), one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
		}},
		{"unknown things", "AWS-FACTS: InvalidAllocationID.NotFound, InvalidNetworkInterfaceID.NotFound", nil, func(t *testing.T, w *world) {
			_, err := w.associate("eipalloc-00000000000000001", w.run(1).Interfaces[0].ID, aws.Bool(false))
			wantCode(t, err, "InvalidAllocationID.NotFound")
			_, err = w.associate(w.allocate(), "eni-00000000000000001", aws.Bool(false))
			wantCode(t, err, "InvalidNetworkInterfaceID.NotFound")
			wantCode(t, w.byInstance("i-00000000000000001"), "InvalidInstanceID.NotFound")
		}},
		{"no target, or two", "API page: either the instance or the interface", nil, func(t *testing.T, w *world) {
			one, a := w.run(1), w.allocate()
			_, err := w.ec2.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: &a})
			wantCode(t, err, "MissingParameter")
			_, err = w.ec2.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: &a, InstanceId: &one.ID, NetworkInterfaceId: &one.Interfaces[0].ID})
			wantCode(t, err, "InvalidParameterCombination")
			_, err = w.ec2.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{NetworkInterfaceId: &one.Interfaces[0].ID})
			wantCode(t, err, "MissingParameter")
		}},
		{"a refusal changes nothing", "AWS-FACTS: Associate is one action", nil, func(t *testing.T, w *world) {
			a, b, one, two := w.allocate(), w.allocate(), w.run(1), w.run(1)
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			before, err := w.associate(b, two.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			_, err = w.associate(a, two.Interfaces[0].ID, aws.Bool(false)) // would displace b
			wantCode(t, err, "Resource.AlreadyAssociated")
			equal(t, "association of the occupant", w.address(b).AssociationID, before)
		}},
	})
}

// byInstance associates a new address with an instance by its ID.
func (w *world) byInstance(instanceID string) error {
	w.t.Helper()
	_, err := w.ec2.AssociateAddress(w.t.Context(), &ec2.AssociateAddressInput{AllocationId: aws.String(w.allocate()), InstanceId: &instanceID})
	return err
}

func TestAddressHolders(t *testing.T) {
	runRules(t, []rule{
		{"association drops Amazon's address", "AWS-FACTS: drops the auto-assigned public IPv4; ipOwnerId tells", nil, func(t *testing.T, w *world) {
			one, a := w.run(1), w.allocate()
			owner, _ := w.publicIP(one.ID)
			equal(t, "owner before", owner, "amazon")
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			owner, ip := w.publicIP(one.ID)
			equal(t, "owner after", owner, "123456789012")
			equal(t, "address after", ip, w.address(a).IP.String())
		}},
		{"Amazon's address comes back later", "AWS-FACTS: after disassociation within a few minutes", nil, func(t *testing.T, w *world) {
			one, a := w.run(1), w.allocate()
			id, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			must(t, w.sim.Disassociate(id))
			owner, _ := w.publicIP(one.ID)
			equal(t, "owner at once", owner, "")
			time.Sleep(2 * time.Minute)
			owner, _ = w.publicIP(one.ID)
			equal(t, "owner later", owner, "amazon")
		}},
		{"not with a second interface", "AWS-FACTS: not while a second interface is attached", nil, func(t *testing.T, w *world) {
			one, a := w.run(1), w.allocate()
			id, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			w.attachSecond(one)
			must(t, w.sim.Disassociate(id))
			time.Sleep(time.Hour)
			owner, _ := w.publicIP(one.ID)
			equal(t, "owner", owner, "")
		}},
		{"stop keeps the address", "AWS-FACTS: stop keeps, terminate detaches", nil, func(t *testing.T, w *world) {
			one, a := w.run(1), w.allocate()
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			must(t, w.sim.Stop(one.ID))
			time.Sleep(time.Minute)
			equal(t, "holder", w.address(a).InstanceID, one.ID)
		}},
		{"terminate detaches, and the address stays", "AWS-FACTS: stop keeps, terminate detaches", nil, func(t *testing.T, w *world) {
			one, a := w.run(1), w.allocate()
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			must(t, w.sim.Terminate(one.ID))
			equal(t, "holder while shutting down", w.address(a).InstanceID, one.ID)
			time.Sleep(5 * time.Second)
			equal(t, "association", w.address(a).AssociationID, "")
		}},
		{"an interface that stays keeps its address", "User Guide: attached later means not deleted on termination", nil, func(t *testing.T, w *world) {
			one, a := w.run(1), w.allocate()
			_, err := w.associate(a, w.attachSecond(one), aws.Bool(false))
			must(t, err)
			equal(t, "holder before", w.address(a).InstanceID, one.ID)
			must(t, w.sim.Terminate(one.ID))
			time.Sleep(5 * time.Second)
			equal(t, "still associated", w.address(a).AssociationID != "", true)
			equal(t, "holder after", w.address(a).InstanceID, "")
		}},
		{"disassociate hits this association only", "AWS-FACTS: a late one cannot hit a newer association", nil, func(t *testing.T, w *world) {
			one, two, a := w.run(1), w.run(1), w.allocate()
			old, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			_, err = w.associate(a, two.Interfaces[0].ID, nil)
			must(t, err)
			_, err = w.ec2.DisassociateAddress(t.Context(), &ec2.DisassociateAddressInput{AssociationId: &old})
			wantCode(t, err, "InvalidAssociationID.NotFound")
			equal(t, "holder", w.address(a).InstanceID, two.ID)
		}},
	})
}

// publicIP returns the owner and the text of the public address that EC2 shows
// at the instance's primary interface.
func (w *world) publicIP(instanceID string) (owner, ip string) {
	w.t.Helper()
	out, err := w.ec2.DescribeInstances(w.t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{instanceID}})
	must(w.t, err)
	association := out.Reservations[0].Instances[0].NetworkInterfaces[0].Association
	if association == nil {
		return "", ""
	}
	return aws.ToString(association.IpOwnerId), aws.ToString(association.PublicIp)
}

// attachSecond gives the instance a second interface, as the VPC CNI does, and returns its ID.
func (w *world) attachSecond(i awssim.Instance) (interfaceID string) {
	w.t.Helper()
	out, err := w.ec2.DescribeInstances(w.t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{i.ID}})
	must(w.t, err)
	eni, err := w.ec2.CreateNetworkInterface(w.t.Context(), &ec2.CreateNetworkInterfaceInput{SubnetId: out.Reservations[0].Instances[0].SubnetId})
	must(w.t, err)
	_, err = w.ec2.AttachNetworkInterface(w.t.Context(), &ec2.AttachNetworkInterfaceInput{InstanceId: &i.ID,
		NetworkInterfaceId: eni.NetworkInterface.NetworkInterfaceId, DeviceIndex: aws.Int32(1)})
	must(w.t, err)
	return *eni.NetworkInterface.NetworkInterfaceId
}
