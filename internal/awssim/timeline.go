package awssim

import (
	"container/heap"
	"time"
)

// timeline holds what will happen and when, in order.
type timeline struct {
	queue dueQueue
	seq   int
}

// due is one thing that will happen.
type due struct {
	at  time.Time
	seq int // breaks ties: first planned, first done
	do  func()
}

func (t *timeline) plan(at time.Time, do func()) {
	t.seq++
	heap.Push(&t.queue, due{at: at, seq: t.seq, do: do})
}

// head returns when the next thing is due.
func (t *timeline) head() (time.Time, bool) {
	if len(t.queue) == 0 {
		return time.Time{}, false
	}
	return t.queue[0].at, true
}

// pop takes the next thing that is due at or before now.
func (t *timeline) pop(now time.Time) (due, bool) {
	if at, ok := t.head(); !ok || at.After(now) {
		return due{}, false
	}
	return heap.Pop(&t.queue).(due), true
}

type dueQueue []due

func (q dueQueue) Len() int { return len(q) }
func (q dueQueue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].seq < q[j].seq
	}
	return q[i].at.Before(q[j].at)
}
func (q dueQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)   { *q = append(*q, x.(due)) }
func (q *dueQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
