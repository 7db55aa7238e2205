package awssim

import (
	"errors"
	"slices"
	"time"
)

// LateEffect is a call that was carried out when its client had already gone.
type LateEffect struct {
	Action string
	// LostAt is when the client lost the connection or gave up.
	LostAt time.Time
	// At is when the call was carried out.
	At time.Time
	// Code is the error code with which the call was refused then; empty if it
	// had its effect. Nobody has been told either.
	Code string
}

// LateEffects returns what has been carried out late until now, in this order.
func (s *Sim) LateEffects() []LateEffect {
	var all []LateEffect
	s.view(func(m *model) { all = slices.Clone(m.lateEffects) })
	return all
}

// later carries the call out when nobody waits for it any more.
func (m *model) later(c call, late Range) {
	lostAt := m.now
	m.after(late.draw(m.random.stream("late", c.action)), func() {
		err := m.carryOutLate(c)
		m.lateEffects = append(m.lateEffects, LateEffect{Action: c.action, LostAt: lostAt, At: m.now, Code: codeOf(err)})
	})
}

func (m *model) carryOutLate(c call) error {
	if err := c.checkAge(m.now); err != nil {
		return err
	}
	_, err := c.run(m)
	return err
}

func codeOf(err error) string {
	var refusal *apiError
	if errors.As(err, &refusal) {
		return refusal.code
	}
	return ""
}

// abandon decides about a call whose client gave up before its effect.
func (s *Sim) abandon(c call, v visit) {
	if v.refusal != nil {
		return
	}
	s.view(func(m *model) {
		gaveUp := m.opts.Abandoned
		switch {
		case v.fault != nil && v.fault.Late.set():
			m.later(c, v.fault.Late)
		case v.fault != nil && !v.fault.LostReply: // would not have had an effect anyway
		case m.random.stream("abandoned", c.action).Float64() < gaveUp.Share:
			m.later(c, gaveUp.Late)
		}
	})
}
