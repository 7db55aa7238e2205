package binder_test

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// entry is something that happened.
type entry struct {
	at     time.Time
	actor  string
	call   string
	ids    []string // what it was about
	result string
}

// trace remembers what happened last.
type trace struct {
	entries []entry
	next    int
}

const traceLength = 50_000

func (t *trace) add(e entry) {
	if len(t.entries) < traceLength {
		t.entries = append(t.entries, e)
		return
	}
	t.entries[t.next] = e
	t.next = (t.next + 1) % traceLength
}

// about returns the last n entries that are about one of the IDs, as text.
func (t *trace) about(n int, ids ...string) string {
	var lines []string
	all := append(slices.Clone(t.entries[t.next:]), t.entries[:t.next]...)
	for _, e := range slices.Backward(all) {
		if !slices.ContainsFunc(e.ids, func(id string) bool {
			return id != "" && (slices.Contains(ids, id) || slices.Contains(ids, strings.TrimPrefix(id, textLabel)))
		}) {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s  %-12s %-20s %-50s %s",
			e.at.Format("02 15:04:05.000"), e.actor, e.call, strings.Join(e.ids, " "), e.result))
		if len(lines) == n {
			break
		}
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

// note adds to the trace. The caller holds s.mu.
func (s *simulation) note(actor, call, result string, ids ...string) {
	s.trace.add(entry{time.Now(), actor, call, ids, result})
}

// violated reports what must not be, once, with what led to it. The caller
// holds s.mu.
func (s *simulation) violated(what string, ids ...string) {
	if s.broken {
		return
	}
	s.broken = true
	s.t.Errorf("seed %d, %s: %s\n\nThe last events about %v:\n%s\n\nAgain: go test ./binder -run TestLongSimulation -binder.seeds=1 -binder.first-seed=%d -binder.days=%g",
		s.seed, time.Now().Format("02 15:04:05.000"), what, ids, s.trace.about(60, ids...), s.seed, *simDays)
}

func outcomeOf(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}
