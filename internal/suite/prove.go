package suite

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// Defect is something that implementations get wrong.
type Defect[F any] struct {
	Name  string
	Fails []string // the cases that notice
	Open  func() F // opens a fixture with the defect, anew for each case
}

// Passes fails for each case that fails. Cases that do not apply are passed
// over.
func Passes[F any](t *testing.T, cases []Case[F], open func() F) {
	t.Helper()
	for _, c := range cases {
		if messages := failures(t, c, open); len(messages) > 0 {
			t.Errorf("the case %q fails on what has no defect: %q", c.Name, messages)
		}
	}
}

// Prove is the test of a suite: each defect makes just those cases fail that
// it must, and for each case there is a defect that nothing else notices.
// Cases that are implied by others need only fail at all.
func Prove[F any](t *testing.T, cases []Case[F], defects []Defect[F], implied ...string) {
	t.Helper()
	proved := map[string]bool{}
	for _, d := range defects {
		t.Run(d.Name, func(t *testing.T) {
			failed := failing(t, cases, d)
			if names := slices.Sorted(maps.Keys(failed)); !slices.Equal(names, slices.Sorted(slices.Values(d.Fails))) {
				t.Errorf("%q fail, want %q; they say: %q", names, d.Fails, failed)
			}
			for name := range failed {
				proved[name] = proved[name] || len(failed) == 1 || slices.Contains(implied, name)
			}
		})
	}
	checkCases(t, cases, proved)
}

// ProveEach is the test of a suite whose cases overlap so much that hardly a
// defect escapes all but one: each defect makes the cases fail that it must,
// and maybe others; and for each case there is a defect.
func ProveEach[F any](t *testing.T, cases []Case[F], defects []Defect[F]) {
	t.Helper()
	proved := map[string]bool{}
	for _, d := range defects {
		t.Run(d.Name, func(t *testing.T) {
			must := slices.DeleteFunc(slices.Clone(cases), func(c Case[F]) bool { return !slices.Contains(d.Fails, c.Name) })
			failed := failing(t, must, d)
			for _, name := range d.Fails {
				if proved[name] = len(failed[name]) > 0; !proved[name] {
					t.Errorf("the case %q passes, or does not exist", name)
				}
			}
		})
	}
	checkCases(t, cases, proved)
}

// failing returns what the cases say that fail on the defect, by name.
func failing[F any](t *testing.T, cases []Case[F], d Defect[F]) map[string][]string {
	t.Helper()
	failed := map[string][]string{}
	for _, c := range cases {
		if messages := failures(t, c, d.Open); len(messages) > 0 {
			failed[c.Name] = messages
		}
	}
	return failed
}

func checkCases[F any](t *testing.T, cases []Case[F], proved map[string]bool) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Name] || c.Name == "" || c.Contract == "" {
			t.Errorf("the case %q occurs twice, or has no name or no contract", c.Name)
		}
		seen[c.Name] = true
		if !proved[c.Name] {
			t.Errorf("no defect shows that the case %q can fail, in its own right", c.Name)
		}
	}
}

// failures returns how the case fails. It runs in a bubble, so that what a
// backend waits for takes no time, and a defect may wait for other callers.
func failures[F any](t *testing.T, c Case[F], open func() F) (messages []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{ctx: t.Context()}
		done := make(chan struct{})
		go func() { // which Fatalf and Skipf end
			defer close(done)
			c.Run(r, open())
		}()
		<-done
		messages = r.messages
	})
	return messages
}

// recorder is a T that notes failures.
type recorder struct {
	ctx      context.Context
	mu       sync.Mutex
	messages []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Skipf(string, ...any)     { runtime.Goexit() }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
