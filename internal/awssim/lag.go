package awssim

import (
	"maps"
	"time"
)

// seenBy returns the account as the call sees it. Only EC2's Describe calls lag
// behind; what a call decides, it decides on the true state. A caller is an
// access key, and what it sees never goes back in time.
func (m *model) seenBy(c call) *model {
	if !c.describes || !m.opts.Lag.set() {
		return m
	}
	at := m.now.Add(-m.opts.Lag.draw(m.random.stream("lag", c.caller)))
	if last := m.views[c.caller]; at.Before(last) {
		at = last
	}
	m.views[c.caller] = at
	return m.asOf(at)
}

// asOf returns the account as it was: as much of it as Describe calls look at.
func (m *model) asOf(at time.Time) *model {
	m.pastInstances.forget(m.horizon())
	m.pastAddresses.forget(m.horizon())
	was := &model{opts: m.opts, now: at}
	was.instances, was.launched = m.pastInstances.asOf(at)
	was.addresses, was.allocated = m.pastAddresses.asOf(at)
	return was
}

// touch notes that what Describe calls say of the instance changes in this step.
func (m *model) touch(i *instance) { m.pastInstances.touch(i.id) }

// touchAddress notes the same of an address, and of the instance that holds it.
func (m *model) touchAddress(a *address) {
	m.pastAddresses.touch(a.allocationID)
	if a.eni != nil && a.eni.instance != nil {
		m.touch(a.eni.instance)
	}
}

// touchInterface notes the same of an interface's instance and addresses.
func (m *model) touchInterface(eni *netInterface) {
	if eni.instance != nil {
		m.touch(eni.instance)
	}
	for _, a := range eni.held {
		m.touchAddress(a)
	}
}

// remember ends a step: what was touched in it has a new version.
func (m *model) remember() {
	m.pastInstances.commit(m.now, func(id string) *instance {
		if i := m.instances[id]; i != nil {
			return i.version()
		}
		return nil
	})
	m.pastAddresses.commit(m.now, func(id string) *address {
		if a := m.addresses[id]; a != nil {
			return a.version()
		}
		return nil
	})
}

// horizon is the earliest time that any caller may still see.
func (m *model) horizon() time.Time { return m.now.Add(-max(m.opts.Lag.Min, m.opts.Lag.Max)) }

// version returns a copy that shares nothing which will change, as far as
// Describe calls look.
func (i *instance) version() *instance {
	v := *i
	v.tags, v.interfaces = maps.Clone(i.tags), nil
	for _, eni := range i.interfaces {
		v.interfaces = append(v.interfaces, eni.version())
	}
	return &v
}

func (e *netInterface) version() *netInterface {
	v := *e
	v.held = nil
	for _, a := range e.held {
		held := *a
		v.held = append(v.held, &held)
	}
	return &v
}

func (a *address) version() *address {
	v := *a
	v.tags = maps.Clone(a.tags)
	if a.eni != nil {
		eni := *a.eni // of its instance only the ID matters, which stays
		v.eni = &eni
	}
	return &v
}
