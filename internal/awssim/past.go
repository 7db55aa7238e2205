package awssim

import (
	"slices"
	"time"
)

// past keeps the versions of one kind of things. It does nothing while it is off.
type past[T any] struct {
	on      bool
	things  []*thing[T] // in the order of their creation
	byID    map[string]*thing[T]
	touched []*thing[T]
}

// thing is one thing's versions, the oldest first.
type thing[T any] struct {
	id       string
	touched  bool
	versions []version[T]
}

type version[T any] struct {
	from  time.Time
	value *T // nil: it was not there
}

func newPast[T any](on bool) past[T] { return past[T]{on: on, byID: map[string]*thing[T]{}} }

// touch says that the next commit finds the thing changed, new or gone.
func (p *past[T]) touch(id string) {
	if !p.on {
		return
	}
	t := p.byID[id]
	if t == nil {
		t = &thing[T]{id: id}
		p.byID[id], p.things = t, append(p.things, t)
	}
	if !t.touched {
		t.touched, p.touched = true, append(p.touched, t)
	}
}

// commit notes how everything is that was touched; nil for what is gone.
func (p *past[T]) commit(now time.Time, current func(id string) *T) {
	for _, t := range p.touched {
		t.touched = false
		t.versions = append(t.versions, version[T]{from: now, value: current(t.id)})
	}
	p.touched = p.touched[:0]
}

// forget drops what nobody sees who looks at the time or later.
func (p *past[T]) forget(before time.Time) {
	p.things = slices.DeleteFunc(p.things, func(t *thing[T]) bool {
		for len(t.versions) > 1 && !t.versions[1].from.After(before) {
			t.versions = t.versions[1:]
		}
		gone := t.versions[0].value == nil && !t.versions[0].from.After(before)
		if gone {
			delete(p.byID, t.id)
		}
		return gone
	})
}

// asOf returns all that was there, and the IDs in the order of creation.
func (p *past[T]) asOf(when time.Time) (byID map[string]*T, order []string) {
	byID = make(map[string]*T, len(p.things))
	for _, t := range p.things {
		if value := t.asOf(when); value != nil {
			byID[t.id] = value
			order = append(order, t.id)
		}
	}
	return byID, order
}

// asOf returns the thing as it was, nil if it was not there.
func (t *thing[T]) asOf(when time.Time) *T {
	for _, v := range slices.Backward(t.versions) {
		if !v.from.After(when) {
			return v.value
		}
	}
	return nil
}
