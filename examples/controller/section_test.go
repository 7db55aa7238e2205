package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// inFile is a setting in the file, another one as a flag, and one that is wrong.
type inFile struct{ file, flag, wrong, says string }

// inFiles has each setting that a file may have.
var inFiles = map[string]inFile{
	"concurrency":      {"8", "4", "0", "0 is less than 1"},
	"deployment":       {"media", "turn", "a b", `"a b" is not up to 100 printable`},
	"dry-pool":         {"admit", "wait", "maybe", `"maybe" is neither wait nor admit`},
	"dry-timeout":      {"7m0s", "8m0s", "-1s", "-1s is less than 0s"},
	"health-address":   {":9001", "0", ":70000", `":70000" is neither HOST:PORT nor 0: strconv`},
	"kubeconfig":       {"/home/a/config", "/home/b/config", "[a, b]", "is a list of 2, not a single value"},
	"leader-elect":     {"false", "true", "maybe", `"maybe" is not a boolean: parse error`},
	"leader-id":        {"file", "flag", "A b", `"A b": a lowercase RFC 1123 subdomain`},
	"leader-lease":     {"30s", "1m0s", "1ms", "1ms is less than 1s"},
	"leader-namespace": {"file", "flag", "a.b", `"a.b": must not contain dots`},
	"leaving-taints":   {"[example.com/a, example.com/b]", "example.com/c", "[a, a/b/c]", `"a/b/c": a valid label key`},
	"log-level":        {"DEBUG", "WARN", "loud", `"loud" is not a level: slog: level string`},
	"metrics-address":  {":9000", "0", "8080", `"8080" is neither HOST:PORT nor 0: address 8080`},
	"node-selector":    {"example.com/pool=media", "example.com/pool=turn", "a b", "unable to parse requirement: found 'b'"},
	"patience":         {"45s", "50s", "a while", `"a while" is not a duration: parse error`},
	"ready-namespace":  {"media", "turn", "A", `"A": a lowercase RFC 1123 label`},
	"ready-pods":       {"app in (media,turn)", "app=media", "'='", "found '='"},
	"registered-label": {"example.com/there", "example.com/ready", "a b", `"a b": name part`},
	"call-time":        {"1m0s", "2m0s", "0", "0s is less than 1s"},
	"sweep-every":      {"3m0s", "4m0s", "0", "0s is less than 1s"},
	"sweep-time":       {"30m0s", "5m0s", "1ms", "1ms is less than 1s"},
	"taint":            {"example.com/gate:NoExecute", "example.com/wall:NoSchedule", "gate", `"gate" is not KEY:EFFECT`},
	"window":           {"300ms", "400ms", "{a: b}", "is a mapping, in line 8"},
}

// shown returns what the settings have come to, by flag.
func shown(s settings) map[string]any {
	var o k8snode.Options
	for _, set := range s.controller {
		set(&o)
	}
	pods := ""
	if o.ReadyPods != nil {
		pods = o.ReadyPods.String()
	}
	return map[string]any{
		"concurrency": o.Concurrency, "deployment": o.Deployment, "dry-pool": o.DryPool, "dry-timeout": o.DryTimeout, "health-address": s.healthAddress,
		"kubeconfig": s.kubeconfig, "leader-elect": s.leaderElect, "leader-id": s.leaderID, "leader-lease": s.leaderLease,
		"leader-namespace": s.leaderNamespace, "leaving-taints": "[" + strings.Join(o.LeavingTaints, ", ") + "]", "log-level": s.logLevel,
		"metrics-address": s.metricsAddress, "node-selector": o.Selector, "patience": o.Patience, "ready-namespace": o.ReadyNamespace,
		"ready-pods": pods, "registered-label": o.RegisteredLabel, "sweep-every": o.SweepEvery, "sweep-time": o.SweepTime, "call-time": o.CallTime, "taint": o.Taint.ToString(), "window": o.Window,
	}
}

// flagsInFile are the flags that a file may have, too, in order.
func flagsInFile() (names []string) {
	all := flag.NewFlagSet("", flag.ContinueOnError)
	(&settings{}).register(all)
	(&nodeFlags{}).register(all)
	all.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// parseFile parses a file with this in its section.
func parseFile(section string, args ...string) (settings, error) {
	text := configText + "controller:\n  " + section + "\n"
	return parse(args, func(variable string) string {
		if variable == deployment.EnvConfig {
			return text
		}
		return ""
	}, io.Discard)
}

// Each flag may stand in the file; where both are given, the flag counts. What is
// wrong in the file is said with its path.
func TestSettingsInFile(t *testing.T) {
	if got := slices.Sorted(maps.Keys(inFiles)); !slices.Equal(got, flagsInFile()) {
		t.Errorf("of the flags %q, these are tested: %q", flagsInFile(), got)
	}
	for name, row := range inFiles {
		key := keyOf(name)
		s, err := parseFile(key + ": " + row.file)
		if got := fmt.Sprint(shown(s)[name]); err != nil || got != row.file {
			t.Errorf("%s: %s comes to %s, %v", key, row.file, got, err)
		}
		s, err = parseFile(key+": "+row.file, "--"+name+"="+row.flag)
		if got := strings.Trim(fmt.Sprint(shown(s)[name]), "[]"); err != nil || got != row.flag {
			t.Errorf("%s: %s and --%s=%s come to %s, %v", key, row.file, name, row.flag, got, err)
		}
		_, err = parseFile(key + ": " + row.wrong)
		if want := "controller." + key + ": " + row.says; err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %s: error %v, want %q", key, row.wrong, err, want)
		}
	}
}

// What is empty in the file is empty; what has no value there is not given.
func TestEmptySettingsInFile(t *testing.T) {
	s, err := parseFile(`{taint: "", registeredLabel: "", leavingTaints: [], readyNamespace: , sweepEvery: }`)
	is := shown(s)
	if err != nil || is["taint"] != "" && is["taint"] != ":" || is["registered-label"] != "" || is["leaving-taints"] != "[]" || fmt.Sprint(is["sweep-every"]) != "2m0s" {
		t.Errorf("%v, %v", is, err)
	}
}

// What is no setting is said, and what there is instead.
func TestUnknownSettingsInFile(t *testing.T) {
	for section, want := range map[string]string{
		"sweepEvry: 1m":            "controller.sweepEvry: is not a setting, in line 8: remove it, or correct it: known are callTime, concurrency, deployment, dryPool, ",
		"sweep-every: 1m":          "controller.sweep-every: is not a setting, in line 8",
		"config: a.yaml":           "controller.config: is not a setting, in line 8",
		"{taint: 'a', taint: 'b'}": "controller.taint: is given twice, again in line 8",
		"- taint":                  "controller: line 8 is a list, not a mapping: set it to fields with values",
	} {
		if _, err := parseFile(section); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", section, err, want)
		}
	}
	_, err := parseFile("metricsAddress: ':8081'")
	if want := "--health-address: :8081 is that of controller.metricsAddress"; err == nil || err.Error() != want {
		t.Errorf("one address for two: %v, want %q", err, want)
	}
}
