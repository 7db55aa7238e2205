package awssim

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// instance is one EC2 instance.
type instance struct {
	id, reservationID string
	state             State
	epoch             int // counts states, so that an overtaken plan is recognised
	kind, imageID     string
	subnet            *subnet
	privateIP         netip.Addr
	launchedAt        time.Time
	clientToken       string
	number            int // counts all launches
	launchIndex       int // within its reservation
	tags              map[string]string
	interfaces        []*netInterface // by device index; none once terminated
	noAutoAssignedIP  bool
	autoAssignPlans   int       // counts plans to give back a public address
	notifiedAt        time.Time // when its last event in order arrives
}

// launch is what RunInstances asks for, and what came of it.
type launch struct {
	spec launchSpec
	ids  []string
}

type launchSpec struct {
	min, max                   int
	kind, imageID, clientToken string
	zone, subnetID             string
	tags, interfaceTags        map[string]string
	interfaces                 []interfaceSpec
}

// interfaceSpec is one network interface of a launch.
type interfaceSpec struct {
	deviceIndex         int
	subnetID            string
	secondaryIPs        int
	autoAssignedIP      bool
	keepOnTermination   bool
	existingInterfaceID string
}

func (m *model) runInstances(spec launchSpec) ([]*instance, error) {
	if before, ok := m.tokens[spec.clientToken]; ok && spec.clientToken != "" {
		return m.launchedBefore(before, spec)
	}
	if spec.min < 1 || spec.max < spec.min {
		return nil, refusef("InvalidParameterValue", "MinCount %d and MaxCount %d must be at least 1 and in this order", spec.min, spec.max)
	}
	sub, err := m.chooseSubnet(spec)
	if err != nil {
		return nil, err
	}
	if err := m.checkInterfaceSpecs(spec, sub); err != nil {
		return nil, err
	}
	reservation := m.ids.ec2("r")
	var started []*instance
	for n := range spec.max {
		i := &instance{id: m.ids.ec2("i"), reservationID: reservation, kind: spec.kind, imageID: spec.imageID, subnet: sub,
			launchedAt: m.now.UTC(), clientToken: spec.clientToken, launchIndex: n, tags: maps.Clone(spec.tags)}
		if err := m.equip(i, spec); err != nil {
			return nil, err
		}
		m.instances[i.id] = i
		m.launches++
		i.number = m.launches
		m.launched = append(m.launched, i.id)
		started = append(started, i)
		m.boot(i)
	}
	m.keepToken(spec, started)
	return started, nil
}

func (m *model) keepToken(spec launchSpec, started []*instance) {
	if spec.clientToken == "" {
		return
	}
	done := launch{spec: spec}
	for _, i := range started {
		done.ids = append(done.ids, i.id)
	}
	m.tokens[spec.clientToken] = done
}

// launchedBefore answers a repeated ClientToken with the same instances.
func (m *model) launchedBefore(before launch, spec launchSpec) ([]*instance, error) {
	if !before.spec.equal(spec) {
		return nil, refusef("IdempotentParameterMismatch", "The request uses the same client token as a previous, but non-identical request.")
	}
	return m.findInstances(before.ids)
}

func (s launchSpec) equal(o launchSpec) bool {
	same := s.min == o.min && s.max == o.max && s.kind == o.kind && s.imageID == o.imageID && s.zone == o.zone && s.subnetID == o.subnetID
	return same && maps.Equal(s.tags, o.tags) && maps.Equal(s.interfaceTags, o.interfaceTags) && slices.Equal(s.interfaces, o.interfaces)
}

// chooseSubnet takes the subnet or the zone that was asked for; else launches go round.
func (m *model) chooseSubnet(spec launchSpec) (*subnet, error) {
	id := spec.subnetID
	if id == "" && len(spec.interfaces) > 0 {
		id = spec.interfaces[0].subnetID
	}
	switch {
	case id != "":
		return m.findSubnet(id)
	case spec.zone == "":
		return m.subnets[m.launches%len(m.subnets)], nil
	}
	n := slices.IndexFunc(m.subnets, func(s *subnet) bool { return s.zone.Name == spec.zone })
	if n < 0 {
		return nil, refusef("InvalidParameterValue", "Invalid availability zone: [%s]", spec.zone)
	}
	return m.subnets[n], nil
}

func (m *model) findSubnet(id string) (*subnet, error) {
	n := slices.IndexFunc(m.subnets, func(s *subnet) bool { return s.id == id })
	if n < 0 {
		return nil, refusef("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
	}
	return m.subnets[n], nil
}

// findInstances returns the instances of all these IDs, or refuses.
func (m *model) findInstances(ids []string) ([]*instance, error) {
	var found []*instance
	var missing []string
	for _, id := range ids {
		if !wellFormed("i-", id) {
			return nil, refusef("InvalidInstanceID.Malformed", "Invalid id: %q", id)
		}
		if i, ok := m.instances[id]; !ok {
			missing = append(missing, id)
		} else if !slices.Contains(found, i) {
			found = append(found, i)
		}
	}
	if len(missing) > 0 {
		return nil, notFound("InvalidInstanceID.NotFound", "instance", missing)
	}
	return found, nil
}

// transition is one instance's part of the answer to start, stop and terminate.
type transition struct {
	id           string
	before, then State
}

// changeStates moves all the instances, or none if one is in a wrong state.
// allowed tells for each state whether the call is right in it, and whether it
// has something to do.
func (m *model) changeStates(ids []string, allowed map[State]bool, move func(*instance)) ([]transition, error) {
	if len(ids) == 0 {
		return nil, refusef("MissingParameter", "The request must contain the parameter InstanceId")
	}
	found, err := m.findInstances(ids)
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		if _, ok := allowed[i.state]; !ok {
			return nil, refusef("IncorrectInstanceState", "The instance '%s' is not in a state from which this is possible: %s", i.id, i.state)
		}
	}
	var moved []transition
	for _, i := range found {
		before := i.state
		if allowed[before] {
			move(i)
		}
		moved = append(moved, transition{id: i.id, before: before, then: i.state})
	}
	return moved, nil
}

func (m *model) startInstances(ids []string) ([]transition, error) {
	return m.changeStates(ids, map[State]bool{Stopped: true, Pending: false, Running: false}, func(i *instance) {
		i.launchedAt = m.now.UTC() // EC2 counts the last start as the launch
		m.boot(i)
		m.autoAssign(i)
	})
}

func (m *model) stopInstances(ids []string) ([]transition, error) {
	return m.changeStates(ids, map[State]bool{Running: true, Stopping: false, Stopped: false}, m.stop)
}

func (m *model) terminateInstances(ids []string) ([]transition, error) {
	allowed := map[State]bool{Pending: true, Running: true, Stopping: true, Stopped: true, ShuttingDown: false, Terminated: false}
	return m.changeStates(ids, allowed, m.terminate)
}

// forget removes a terminated instance for good.
func (m *model) forget(id string) {
	m.pastInstances.touch(id)
	delete(m.instances, id)
	m.launched = slices.DeleteFunc(m.launched, func(other string) bool { return other == id })
}
