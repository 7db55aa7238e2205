package awssim

import (
	"fmt"
	"time"
)

const vpcID = "vpc-0eb1dbe1eb1dbe1e1"

// model is the account's state. Its methods run under the Sim's lock, with now
// set and everything done that was due by then.
type model struct {
	opts *Options
	now  time.Time
	ids  ids
	timeline
	random       *random
	stateChanges []StateChange
	deliveries   []Delivery
	lateEffects  []LateEffect
	fullAt       map[string]time.Time // by bucket: when it will be full again

	pastInstances past[instance]
	pastAddresses past[address]
	views         map[string]time.Time // by caller: which state it has seen

	instances  map[string]*instance
	launches   int
	launched   []string          // instance IDs in the order of their launch
	tokens     map[string]launch // by RunInstances' ClientToken
	interfaces map[string]*netInterface
	addresses  map[string]*address
	allocated  []string // allocation IDs in the order of their allocation
	zones      map[string]*hostedZone
	changes    map[string]*dnsChange

	elastic, autoAssigned *ipRange
	subnets               []*subnet
}

// subnet is the one subnet of a zone.
type subnet struct {
	id   string
	zone Zone
	free *ipRange
}

func newModel(opts *Options) *model {
	m := &model{
		opts:         opts,
		random:       newRandom(opts.Seed),
		fullAt:       map[string]time.Time{},
		instances:    map[string]*instance{},
		tokens:       map[string]launch{},
		interfaces:   map[string]*netInterface{},
		addresses:    map[string]*address{},
		zones:        map[string]*hostedZone{},
		changes:      map[string]*dnsChange{},
		elastic:      newElasticRange(),
		autoAssigned: newAutoAssignedRange(),
		views:        map[string]time.Time{},

		pastInstances: newPast[instance](opts.Lag.set()),
		pastAddresses: newPast[address](opts.Lag.set()),
	}
	for i, z := range opts.Zones {
		m.subnets = append(m.subnets, &subnet{id: fmt.Sprintf("subnet-%017x", i+1), zone: z, free: newSubnetRange(i)})
	}
	return m
}

// advance does what is due by now. While it does, m.now is the time at which
// each thing fell due, so that what follows from it is timed from there.
func (m *model) advance(now time.Time) {
	for d, ok := m.pop(now); ok; d, ok = m.pop(now) {
		m.now = d.at
		d.do()
		m.remember()
	}
	m.now = now
}

func (m *model) after(delay time.Duration, do func()) { m.plan(m.now.Add(delay), do) }
