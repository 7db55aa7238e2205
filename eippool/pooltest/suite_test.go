package pooltest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/eippool"
)

// TestDefects proves the suite: each defect makes just those cases fail that
// it must, and each case is the only one that some defect makes fail.
func TestDefects(t *testing.T) {
	proved := map[string]bool{}
	for _, d := range defects() {
		t.Run(d.name, func(t *testing.T) {
			var failed []string
			for _, c := range cases() {
				if fails(t, c, d) {
					failed = append(failed, c.name)
				}
			}
			slices.Sort(failed)
			slices.Sort(d.fails)
			if diff := cmp.Diff(d.fails, failed); diff != "" {
				t.Errorf("failing cases (-want +got):\n%s", diff)
			}
			if len(failed) == 1 {
				proved[failed[0]] = true
			}
		})
	}
	for _, c := range cases() {
		if !proved[c.name] {
			t.Errorf("no defect makes the case %q alone fail", c.name)
		}
	}
}

func TestNoDefect(t *testing.T) {
	for _, c := range cases() {
		if fails(t, c, none) {
			t.Errorf("case %q fails on a pool without defect", c.name)
		}
	}
}

var none = defect{plant: func(*broken) {}}

// fails reports whether the case fails on a pool with the defect. It runs in a
// bubble, so that a defect may wait for the other racers.
func fails(t *testing.T, c testCase, d defect) (failed bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{ctx: t.Context()}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.run(r, newBroken(d).fixture())
		}()
		<-done
		failed = len(r.messages) > 0
	})
	return failed
}

func TestExclude(t *testing.T) {
	if err := checkExclude(map[string]string{"associate": "the stand-in is wrong"}); err != nil {
		t.Error(err)
	}
	for _, wrong := range []map[string]string{{"no-such-case": "reason"}, {"associate": ""}} {
		if checkExclude(wrong) == nil {
			t.Errorf("%v is accepted", wrong)
		}
	}
	Run(t, func(t *testing.T) Fixture {
		if t.Name() == "TestExclude/associate" {
			t.Error("an excluded case is run")
		}
		return newBroken(none).fixture()
	}, func(o *Options) {
		o.Exclude = map[string]string{"associate": "to see it skipped"}
		o.Bubble = true
	})
}

// onlyPool is a pool without the optional interfaces.
type onlyPool struct{ eippool.Pool }

func TestPoolWithoutOptionalInterfaces(t *testing.T) {
	Run(t, func(*testing.T) Fixture {
		f := newBroken(none).fixture()
		f.Pool = onlyPool{f.Pool}
		return f
	})
}

func TestCaseNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases() {
		if seen[c.name] || c.contract == "" {
			t.Errorf("case %q: its name occurs twice, or it has no contract", c.name)
		}
		seen[c.name] = true
	}
}

// recorder is a tb that notes failures.
type recorder struct {
	ctx      context.Context
	messages []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Skipf(string, ...any)     { runtime.Goexit() }

func (r *recorder) Errorf(format string, args ...any) {
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
