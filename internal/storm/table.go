package storm

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the results as tables for people, for each profile one of
// times and two of calls. In the former, × is how many times as long as with the
// first contender it took until 99 % were usable; workers that churn terminates
// within three minutes do not count in the bound share.
func WriteTable(w io.Writer, results []Result) error {
	for _, profile := range profilesOf(results) {
		rows := ofProfile(results, profile)
		first := rows[0]
		fmt.Fprintf(w, "Storm %s: %d nodes. Floor: the last one usable after %.1f s; for who hears of them by events, %.1f s. Seed %d.\n\n",
			profile, first.Nodes, first.FloorLast, first.EventFloorLast, first.Seed)
		if err := writeTimes(w, rows); err != nil {
			return err
		}
		if err := writePerNode(w, rows); err != nil {
			return err
		}
		if err := writeCalls(w, rows); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON writes all of the results as one array, each on a line of its own.
func WriteJSON(w io.Writer, results []Result) error {
	lines := make([]string, len(results))
	for i, r := range results {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		lines[i] = string(line)
	}
	_, err := fmt.Fprintf(w, "[\n%s\n]\n", strings.Join(lines, ",\n"))
	return err
}

func profilesOf(results []Result) []string {
	var names []string
	for _, r := range results {
		if !slices.Contains(names, r.Profile) {
			names = append(names, r.Profile)
		}
	}
	return names
}

func ofProfile(results []Result, profile string) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Profile != profile })
}

func writeTimes(w io.Writer, rows []Result) error {
	return columns(w, "contender\tusable\tbound share\tfirst s\tp50 s\tp99 s\tlast s\t÷ floor\tp99 ×\twait p50 s\twait p99 s\tcalls per node\tviolations\tleft over", rows, func(r Result) string {
		return fmt.Sprintf("%d of %d\t%.1f %%\t%s\t%s\t%s\t%s\t%s\t%s\t%.1f\t%.1f\t%.2f\t%s\t%s", r.Usable, r.Nodes, 100*r.BoundShare(), number(r.First), number(r.P50), number(r.P99),
			number(r.Last), ratio(r.Ratio), number(r.P99/max(rows[0].P99, 1e-9)), r.WaitP50, r.WaitP99, r.PerNode.Calls(), violations(r.Violations), r.Leftovers)
	})
}

func writePerNode(w io.Writer, rows []Result) error {
	return columns(w, "calls per node\tEC2 mutating\tEC2 describe\tRoute 53\tstore transactions\tstore reads\tthrottled", rows, func(r Result) string {
		p := r.PerNode
		return fmt.Sprintf("%.3f\t%.3f\t%.3f\t%.2f\t%.2f\t%.1f %%", p.EC2Mutating, p.EC2Describe, p.Route53, p.Transactions, p.Reads, 100*r.ThrottledShare)
	})
}

func writeCalls(w io.Writer, rows []Result) error {
	var apis []string
	for _, r := range rows {
		for _, c := range r.Calls {
			if !slices.Contains(apis, c.API) {
				apis = append(apis, c.API)
			}
		}
	}
	slices.Sort(apis)
	return columns(w, "calls (throttled)\t"+strings.Join(apis, "\t"), rows, func(r Result) string {
		cells := make([]string, len(apis))
		for _, c := range r.Calls {
			cells[slices.Index(apis, c.API)] = fmt.Sprintf("%d (%d)", c.Calls, c.Throttled)
		}
		return strings.Join(cells, "\t")
	})
}

func columns(w io.Writer, head string, rows []Result, cells func(Result) string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head)
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\n", r.Contender, cells(r))
	}
	fmt.Fprintln(t)
	return t.Flush() // tabwriter buffers: this is where writing fails
}

func number(seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", seconds)
}

func ratio(r float64) string {
	if r == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", r)
}

func violations(all map[string]int) string {
	if len(all) == 0 {
		return "none"
	}
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, fmt.Sprintf("%d × %s", all[what], what))
	}
	return strings.Join(parts, ", ")
}

// String says what was left, in a few words.
func (l Leftovers) String() string {
	if l == (Leftovers{}) {
		return "nothing"
	}
	return fmt.Sprintf("%d rows, %d names, %d addresses", l.Rows, l.Names, l.Addresses)
}
