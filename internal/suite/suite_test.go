package suite

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// abs is what the suite of these tests is about.
type abs func(int) int

func cases() []Case[abs] {
	return []Case[abs]{
		{Name: "positive", Contract: "A positive number is its own.", Run: func(t T, f abs) {
			if f(7) != 7 {
				t.Errorf("f(7) = %d", f(7))
			}
		}},
		{Name: "negative", Contract: "A negative number loses its sign.", Run: func(t T, f abs) {
			if f(-7) != 7 {
				t.Fatalf("f(-7) = %d", f(-7))
			}
		}},
		{Name: "complex", Contract: "There are no complex numbers.", Run: func(t T, f abs) {
			if t.Helper(); t.Context().Err() == nil {
				t.Skipf("there are none")
			}
		}},
	}
}

func right(n int) int { return max(n, -n) }

// Run fails, so it runs in a process of its own, which this variable tells.
const inner = "SUITE_TEST_INNER"

func TestInner(t *testing.T) {
	switch os.Getenv(inner) {
	case "fails":
		Run(t, cases(), func(*testing.T) abs { return func(n int) int { return n } }, Options{})
	case "excluded":
		Run(t, cases(), func(*testing.T) abs { return func(n int) int { return n } }, Options{Exclude: map[string]string{"negative": "it is wrong"}})
	case "bubble":
		Run(t, cases(), func(*testing.T) abs {
			time.Sleep(time.Hour)
			return right
		}, Options{Bubble: true})
	case "unknown":
		Run(t, cases(), func(*testing.T) abs { return right }, Options{Exclude: map[string]string{"unknown": "it is wrong", "negative": ""}})
	case "useless":
		ProveEach(t, cases(), []Defect[abs]{{"none", []string{"negative"}, func() abs { return right }}})
	case "inexact":
		Prove(t, cases()[:2], []Defect[abs]{
			{"both", []string{"negative"}, func() abs { return func(int) int { return 0 } }},
			{"one", []string{"positive"}, func() abs { return func(n int) int { return -min(n, -n) * max(0, min(1, -n)) } }},
		})
	case "passes":
		Passes(t, cases(), func() abs { return func(n int) int { return n } })
	}
}

func TestRunAndProve(t *testing.T) {
	for what, wants := range map[string][]string{
		"fails":    {"--- PASS: TestInner/positive", "--- FAIL: TestInner/negative", "the contract says: A negative number loses its sign.", "--- SKIP: TestInner/complex"},
		"excluded": {"--- PASS: TestInner ", "--- SKIP: TestInner/negative", "excluded: it is wrong"},
		"bubble":   {"--- PASS: TestInner ", "--- SKIP: TestInner/complex"},
		"unknown":  {"--- FAIL: TestInner ", `names "unknown"`, `no reason for "negative"`},
		"useless":  {"--- FAIL: TestInner ", `the case "negative" passes`, `the case "positive" can fail`, `the case "complex" can fail`},
		"inexact":  {"--- FAIL: TestInner/both", `["negative" "positive"] fail, want ["negative"]`, `the case "negative" can fail`},
		"passes":   {"--- FAIL: TestInner ", `the case "negative" fails on what has no defect: ["f(-7) = -7"]`},
	} {
		t.Run(what, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInner$", "-test.v", "-test.timeout=1m")
			cmd.Env = append(os.Environ(), inner+"="+what)
			out, err := cmd.CombinedOutput()
			for _, want := range wants {
				if !strings.Contains(string(out), want) {
					t.Errorf("no %q in the output (%v):\n%s", want, err, out)
				}
			}
			if failed := slices.ContainsFunc(wants, func(want string) bool { return strings.HasPrefix(want, "--- FAIL") }); (err != nil) != failed {
				t.Errorf("the process ended with %v:\n%s", err, out)
			}
		})
	}
}

func TestProve(t *testing.T) {
	Passes(t, cases(), func() abs { return right })
	Prove(t, cases()[:2], []Defect[abs]{
		{"keeps the sign", []string{"negative"}, func() abs { return func(n int) int { return n } }},
		{"forgets the number", []string{"negative", "positive"}, func() abs { return func(int) int { return 0 } }},
	}, "positive")
}

func TestCancelledAndOtherContexts(t *testing.T) {
	ProveCalls(t, func(ctx context.Context, hook Hook) map[string]error {
		_, ask := Ask(ctx, hook, "Ask", func(context.Context) (int, error) { return 1, nil })
		tell := Tell(ctx, hook, "Tell", func(context.Context) error { return nil })
		var seq error
		for _, err := range Seq(ctx, hook, "Seq", numbers(1, nil)) {
			seq = err
		}
		return map[string]error{"Ask": ask, "Tell": tell, "Seq": seq}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		late := func(_ context.Context, _ string, do func() error) error {
			cancel()
			return do()
		}
		if err := Tell(ctx, late, "Tell", func(ctx context.Context) error { return ctx.Err() }); err != nil {
			t.Errorf("a call that has left its caller ends with it: %v", err)
		}
	})
}
