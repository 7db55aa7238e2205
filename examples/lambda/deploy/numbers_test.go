package main

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func wholeReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// cost is a row of README.md's table.
type cost struct {
	step  int
	what  string
	price float64
}

func costs(t *testing.T) map[string]cost {
	t.Helper()
	all := map[string]cost{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \| ([1-6]) \| ?([^|]*) \| (\d+\.\d\d) \|$`).FindAllStringSubmatch(wholeReadme(t), -1) {
		all[row[1]] = cost{parsed(t, row[2], strconv.Atoi), row[3], parsed(t, row[4], number64)}
	}
	if len(all) < 10 {
		t.Fatalf("README.md has the prices %v", all)
	}
	return all
}

func number64(text string) (float64, error) { return strconv.ParseFloat(text, 64) }

// figures are the numbers in a text.
func figures(t *testing.T, text string) (all []float64) {
	t.Helper()
	for _, found := range regexp.MustCompile(`\b\d[\d,]*(\.\d+)?`).FindAllString(text, -1) {
		all = append(all, parsed(t, strings.ReplaceAll(found, ",", ""), number64))
	}
	return all
}

// TestReadmeCounts: how many metrics, alarms, dashboards and sweeps there are, what
// each costs, and what that makes.
func TestReadmeCounts(t *testing.T) {
	made, all := committed(t), costs(t)
	printed, _ := ownMetrics(t)
	const hours = 730
	sweep := made.of(t, "SweepFunction", "AWS::Lambda::Function")
	gigabyteSeconds := hours * 60 * number(t, sweep, "MemorySize") / 1024 // of a second each
	for _, test := range []struct {
		part    string
		figures []float64 // in the text, to begin with
		price   float64
	}{
		{"metrics", []float64{float64(len(printed)), 0.30}, float64(len(printed)) * 0.30},
		{"alarms", []float64{float64(len(made.kind("AWS::CloudWatch::Alarm"))), 0.10}, float64(len(made.kind("AWS::CloudWatch::Alarm"))) * 0.10},
		{"dashboard", []float64{float64(len(made.kind("AWS::CloudWatch::Dashboard"))), 3}, float64(len(made.kind("AWS::CloudWatch::Dashboard"))) * 3},
		{"addresses", []float64{0.005}, hours * 0.005},
		{"sweeps", []float64{44_000, number(t, sweep, "MemorySize")}, gigabyteSeconds*0.0000133334 + hours*60*0.20/1e6},
		{"queue", []float64{660_000}, 0.66 * 0.40},
		{"tables", []float64{100, 4, 10_000, 1}, 4*0.125 + 1*0.625},
		{"cluster, if you have none", []float64{0.10}, hours * 0.10},
		{"one instance as a trial, without a cluster", nil, hours*0.0042 + 8*0.08},
	} {
		row, ok := all[test.part]
		if math.Abs(row.price-test.price) > 0.0051 { // rounded to cents
			t.Errorf("%s: README.md has the price %.2f (%t), want %.3f", test.part, row.price, ok, test.price)
		}
		if got := figures(t, row.what); len(got) < len(test.figures) || !slices.Equal(got[:len(test.figures)], test.figures) {
			t.Errorf("%s: README.md has the numbers %v, want %v", test.part, got, test.figures)
		}
	}
}

func TestReadmeSums(t *testing.T) {
	all, text := costs(t), wholeReadme(t)
	rest := 0.0 // of what eipbinder adds, beside the addresses, without requests that nobody may make
	for part, c := range all {
		if c.step < 5 && part != "addresses" && part != "HTTP API" {
			rest += c.price
		}
	}
	const addresses = 20
	want := fmt.Sprintf("a pool of %d is $%.2f, and the rest about $%.0f.", addresses, addresses*all["addresses"].price, rest)
	if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
		t.Errorf("README.md does not say: %s", want)
	}
}

func TestReadmeListsTheAlarms(t *testing.T) {
	_, table, _ := strings.Cut(wholeReadme(t), "\n### Alarms\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var listed []string
	for _, row := range regexp.MustCompile(`(?m)^\| (.+?) \|`).FindAllStringSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([A-Za-z]+)`").FindAllStringSubmatch(row[1], -1) {
			listed = append(listed, name[1])
		}
	}
	slices.Sort(listed)
	if there := committed(t).kind("AWS::CloudWatch::Alarm"); !slices.Equal(listed, there) {
		t.Errorf("README.md lists the alarms %v, and there are %v", listed, there)
	}
}

// TestReadmeKnowsHowLongAPauseMayBe looks into the sources: after how many
// receives, each how long after the one before, a message is a dead letter.
func TestReadmeKnowsHowLongAPauseMayBe(t *testing.T) {
	many := parsed(t, inSource(t, "adapters/lambdaevent/comeback.go", `manyReceives += (\d+)`), number64)
	slowly := inSource(t, "adapters/lambdaevent/comeback.go", `maxBackoff += (\d+) \* time\.Minute`)
	paused := inSource(t, "binder/pause.go", `pausedRetry = (?:(\d+) \* )?time\.Minute`)
	if paused == "" {
		paused = "1"
	}
	most := number(t, committed(t).of(t, "Queue", "AWS::SQS::Queue"), "RedrivePolicy", "maxReceiveCount")
	minutes := many*parsed(t, paused, number64) + (most-many)*parsed(t, slowly, number64)
	if kept := number(t, committed(t).of(t, "Queue", "AWS::SQS::Queue"), "MessageRetentionPeriod"); minutes*time.Minute.Seconds() > kept {
		t.Errorf("messages are deleted after %v s, before they are dead letters", kept)
	}
	if want := fmt.Sprintf("After %.0f minutes events begin to end in the dead-letter queue", minutes); !strings.Contains(wholeReadme(t), want) {
		t.Errorf("README.md does not say: %s", want)
	}
}

// inSource returns what the pattern's group has found in a file of the project.
func inSource(t *testing.T, file, pattern string) string {
	t.Helper()
	text, err := os.ReadFile("../../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s has no %s", file, pattern)
	}
	return string(found[1])
}
