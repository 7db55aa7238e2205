package awssim

import (
	"encoding/json"
	"time"
)

// State is an instance's state in EC2's words.
type State string

// EC2's instance states.
const (
	Pending      State = "pending"
	Running      State = "running"
	ShuttingDown State = "shutting-down"
	Terminated   State = "terminated"
	Stopping     State = "stopping"
	Stopped      State = "stopped"
)

// code is the low byte of EC2's numeric state.
func (s State) code() int {
	return map[State]int{Pending: 0, Running: 16, ShuttingDown: 32, Terminated: 48, Stopping: 64, Stopped: 80}[s]
}

// StateChange is one change of an instance's state.
type StateChange struct {
	// Seq numbers the changes from 1, in the order in which they happened.
	Seq        int
	InstanceID string
	State      State
	// At is when the change took place, not when somebody looked.
	At time.Time
}

// StateChanges returns the state changes until now whose Seq is greater than
// after; 0 gives all. Nothing is dropped, duplicated or out of order: that is
// what Deliveries is for.
func (s *Sim) StateChanges(after int) []StateChange {
	var changes []StateChange
	s.view(func(m *model) {
		from := min(max(after, 0), len(m.stateChanges))
		changes = append(changes, m.stateChanges[from:]...)
	})
	return changes
}

// NextDue returns when the next thing that is under way will be done, and
// false if nothing is under way. Whoever follows the state changes may sleep
// until then, or until somebody makes another call.
func (s *Sim) NextDue() (at time.Time, ok bool) {
	s.view(func(m *model) { at, ok = m.head() })
	return at, ok
}

// Event returns the state change as the EventBridge event "EC2 Instance
// State-change Notification", with its time in whole seconds.
func (s *Sim) Event(c StateChange) []byte {
	arn := "arn:aws:ec2:" + s.opts.Region + ":" + s.opts.AccountID + ":instance/" + c.InstanceID
	g := ids{n: uint64(c.Seq)} // an event that is delivered twice keeps its ID
	event, err := json.Marshal(notification{
		Version: "0", ID: g.uuid(), DetailType: "EC2 Instance State-change Notification", Source: "aws.ec2",
		Account: s.opts.AccountID, Time: c.At.UTC().Format(time.RFC3339), Region: s.opts.Region,
		Resources: []string{arn}, Detail: notificationDetail{InstanceID: c.InstanceID, State: c.State},
	})
	if err != nil {
		panic(err) // strings only: cannot happen
	}
	return event
}

type notification struct {
	Version    string             `json:"version"`
	ID         string             `json:"id"`
	DetailType string             `json:"detail-type"`
	Source     string             `json:"source"`
	Account    string             `json:"account"`
	Time       string             `json:"time"`
	Region     string             `json:"region"`
	Resources  []string           `json:"resources"`
	Detail     notificationDetail `json:"detail"`
}

type notificationDetail struct {
	InstanceID string `json:"instance-id"`
	State      State  `json:"state"`
}

// enter puts the instance into a state, and notes it.
func (m *model) enter(i *instance, to State) {
	i.state = to
	i.epoch++
	m.touch(i)
	change := StateChange{Seq: len(m.stateChanges) + 1, InstanceID: i.id, State: to, At: m.now}
	m.stateChanges = append(m.stateChanges, change)
	m.announce(i, change)
}

// enterLater puts the instance into a state after the delay, unless it has
// entered another one before; then does what belongs to it.
func (m *model) enterLater(i *instance, delay time.Duration, to State, then func()) {
	epoch := i.epoch
	m.after(delay, func() {
		if i.epoch == epoch {
			m.enter(i, to)
			then()
		}
	})
}

func (m *model) boot(i *instance) {
	m.enter(i, Pending)
	m.enterLater(i, m.opts.PendingFor, Running, func() {})
}

// stop: the instance keeps its Elastic IP addresses, but not Amazon's.
func (m *model) stop(i *instance) {
	m.enter(i, Stopping)
	m.enterLater(i, m.opts.StoppingFor, Stopped, i.dropAutoAssigned)
}

func (m *model) terminate(i *instance) {
	if i.state == Stopped { // nothing to shut down
		m.enter(i, Terminated)
		m.bury(i)
		return
	}
	m.enter(i, ShuttingDown)
	m.enterLater(i, m.opts.ShuttingDownFor, Terminated, func() { m.bury(i) })
}

// bury takes the instance apart: its interfaces vanish, their addresses are
// free again (EC2 User Guide: termination disassociates the Elastic IP), and
// after a while the instance itself is forgotten.
func (m *model) bury(i *instance) {
	m.detachAll(i)
	if m.opts.DropTagsOnTermination {
		i.tags = nil
	}
	m.after(m.opts.TerminatedFor, func() { m.forget(i.id) })
}
