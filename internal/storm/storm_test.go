package storm_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/eipbinder/eipbinder/internal/storm"
)

var (
	out        = flag.String("storm.out", "", "run all storms, and write table, JSON and pictures into this folder")
	profiles   = flag.String("storm.profiles", "", "with storm.out: the profiles to run, separated by commas; empty: all")
	contenders = flag.String("storm.contenders", "", "with storm.out: run contenders whose names contain one of these, separated by commas; empty: all")
	seed       = flag.Uint64("storm.seed", 1, "the seed of launches, latencies and faults")
	targets    = flag.Bool("storm.targets", false, "fail where a target is missed; without storm.out: run the storms that targets are about")
)

// run lets one contender compete in a bubble of its own.
func run(t *testing.T, c storm.Contender, p storm.Profile) (result storm.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		if result, err = storm.Run(t.Context(), c, p, *seed); err != nil {
			t.Fatal(err)
		}
	})
	return result
}

// measure runs a storm. With several processes behind a queue, the order in which
// goroutines of one instant run moves the last of a thousand workers by some
// percent: of three runs the one with the median counts, whatever they come to,
// unless one of them breaks what has nothing to do with the floor.
func measure(t *testing.T, c storm.Contender, p storm.Profile) storm.Result {
	t.Helper()
	if !strings.HasPrefix(c.Name, "SQS batches") || !strings.HasPrefix(p.Name, "1000") {
		return run(t, c, p)
	}
	var results []storm.Result
	for range 3 {
		r := run(t, c, p)
		t.Logf("last usable after %.1f s, %.3f x the floor", r.Last, r.Ratio)
		if slices.ContainsFunc(storm.Missed([]storm.Result{r}), func(m string) bool { return !strings.Contains(m, "÷ floor") }) {
			return r
		}
		results = append(results, r)
	}
	slices.SortFunc(results, func(a, b storm.Result) int { return cmp.Compare(a.Last, b.Last) })
	return results[1]
}

func TestStorms(t *testing.T) {
	if *out == "" && !*targets {
		t.Log("the storms run with -storm.out=DIR or -storm.targets; TestSmallStorm is what always runs")
		return
	}
	var results []storm.Result
	for _, p := range storm.Profiles() {
		for _, c := range storm.Contenders() {
			if !wanted(p, c) {
				continue
			}
			t.Run(p.Name+"/"+c.Name, func(t *testing.T) { results = append(results, measure(t, c, p)) })
			if *out != "" {
				write(t, results) // a long run shows what it has
			}
		}
	}
	var table bytes.Buffer
	if err := storm.WriteTable(&table, results); err != nil {
		t.Error(err)
	}
	t.Logf("%d storms\n%s", len(results), table.String())
	for _, m := range storm.Missed(results) {
		if *targets {
			t.Error(m)
			continue
		}
		t.Log("missed:", m)
	}
}

func wanted(p storm.Profile, c storm.Contender) bool {
	if *out == "" {
		return storm.Decides(p, c)
	}
	return (*profiles == "" || slices.Contains(strings.Split(*profiles, ","), p.Name)) &&
		(*contenders == "" || slices.ContainsFunc(strings.Split(*contenders, ","), func(part string) bool { return strings.Contains(c.Name, part) }))
}

// write writes all that there is so far.
func write(t *testing.T, results []storm.Result) {
	t.Helper()
	file := func(name string, fill func(io.Writer) error) {
		f, err := os.Create(filepath.Join(*out, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := cmp.Or(fill(f), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		t.Fatal(err)
	}
	file("storms.txt", func(w io.Writer) error { return storm.WriteTable(w, results) })
	file("storms.json", func(w io.Writer) error { return storm.WriteJSON(w, results) })
	byProfile := map[string][]storm.Result{}
	for _, r := range results {
		byProfile[r.Profile] = append(byProfile[r.Profile], r)
	}
	for name, of := range byProfile {
		file(fmt.Sprintf("storm-%s.svg", name), func(w io.Writer) error { return storm.WriteChart(w, of) })
	}
}
