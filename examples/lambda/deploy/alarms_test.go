package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// watched is the metric of an alarm, and when it goes off.
type watched struct {
	namespace, metric, dimension, of string // of: the value's JSON
	statistic, comparison, threshold string // threshold: JSON
	periods                          int
	missing                          string
}

// properties are those that the alarm must have, and no others: ActionsEnabled,
// DatapointsToAlarm or Unit, say, could keep it silent.
func (w watched) properties() string {
	return fmt.Sprintf(`{
		"Namespace": %q, "MetricName": %q, "Dimensions": [{"Name": %q, "Value": %s}], "Statistic": %q, "Period": 300,
		"ComparisonOperator": %q, "Threshold": %s, "EvaluationPeriods": %d, "TreatMissingData": %q,
		"AlarmActions": [{"Fn::If": ["Notify", {"Ref": "AlarmTopicArn"}, {"Ref": "AWS::NoValue"}]}]
	}`, w.namespace, w.metric, w.dimension, w.of, w.statistic, w.comparison, w.threshold, w.periods, w.missing)
}

func TestAlarms(t *testing.T) {
	const above, below = "GreaterThanThreshold", "LessThanThreshold"
	const binder, function, sweeps = `{"Ref": "BinderId"}`, `{"Ref": "Function"}`, `{"Ref": "SweepFunction"}`
	dead := `{"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]}`
	made := committed(t)
	printed, dimension := ownMetrics(t)
	all := map[string]watched{
		"DeadLetters":       {"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", dead, "Maximum", above, "0", 1, "notBreaching"},
		"PoolNearlyDry":     {"eipbinder", "PoolFree", dimension, binder, "Minimum", below, `{"Ref": "PoolFreeAlarm"}`, 1, "notBreaching"},
		"NoSweep":           {"eipbinder", "PoolFree", dimension, binder, "SampleCount", below, "1", 3, "breaching"},
		"DriftFound":        {"eipbinder", "DriftFound", dimension, binder, "Maximum", above, "0", 3, "notBreaching"},
		"DriftRepaired":     {"eipbinder", "DriftRepaired", dimension, binder, "Sum", above, "0", 1, "notBreaching"},
		"FunctionErrors":    {"AWS/Lambda", "Errors", "FunctionName", function, "Sum", above, "0", 2, "notBreaching"},
		"FunctionThrottles": {"AWS/Lambda", "Throttles", "FunctionName", function, "Sum", above, "0", 2, "notBreaching"},
		"SweepErrors":       {"AWS/Lambda", "Errors", "FunctionName", sweeps, "Sum", above, "0", 2, "notBreaching"},
	}
	for name, want := range all {
		made.wantExactly(t, name, want.properties())
		if about, _ := made.Resources[name].Properties["AlarmDescription"].(string); about == "" {
			t.Errorf("%s does not say what to do", name)
		}
		if want.namespace == "eipbinder" && !slices.Contains(printed, want.metric) {
			t.Errorf("%s: the functions print no %s", name, want.metric)
		}
	}
	if found := made.kind("AWS::CloudWatch::Alarm"); len(found) != len(all) {
		t.Errorf("alarms %v, want %d", found, len(all))
	}
}

// alarmOf returns the alarm as the template has it, with presets for parameters.
func (m template) alarmOf(t *testing.T, name string) threshold {
	t.Helper()
	r := m.of(t, name, "AWS::CloudWatch::Alarm")
	text := func(property string) string { return fmt.Sprint(r.Properties[property]) }
	a := threshold{
		statistic: text("Statistic"), comparison: text("ComparisonOperator"), missing: text("TreatMissingData"),
		period: int(number(t, r, "Period")) / 60, periods: int(number(t, r, "EvaluationPeriods")),
	}
	parameter, ok := get(r.Properties, "Threshold", "Ref").(string)
	if !ok {
		a.value = number(t, r, "Threshold")
		return a
	}
	if a.value, ok = m.Parameters[parameter].Default.(float64); !ok {
		t.Fatalf("%s: the parameter %s has no number as preset", name, parameter)
	}
	return a
}

// TestAlarmsGoOff runs samples through the committed alarms: see series for how
// they are written.
func TestAlarmsGoOff(t *testing.T) {
	made := committed(t)
	rang, silent := map[string]bool{}, map[string]bool{}
	for _, test := range []struct {
		alarm   string
		want    bool
		samples string
		when    string
	}{
		{"DeadLetters", true, "0*59 1", "a message has just come"},
		{"DeadLetters", true, "1*60", "nobody looks"},
		{"DeadLetters", false, "0*60", "none"},
		{"DeadLetters", false, "3*55 0*5", "they were redriven"},
		{"DeadLetters", false, "-*60", "SQS has no metrics of a queue that nobody uses"},

		{"PoolNearlyDry", true, "9*25 9 9 4 9 9", "four were free for a moment"},
		{"PoolNearlyDry", true, "0*30", "dry"},
		{"PoolNearlyDry", false, "5*30", "not fewer than the parameter says"},
		{"PoolNearlyDry", false, "4*55 9*5", "more were bought"},
		{"PoolNearlyDry", false, "9*30 -*30", "no sweep has counted: another alarm's"},

		{"NoSweep", true, "9*60 -*30", "no sweep for half an hour"},
		{"NoSweep", true, "-*60", "never one"},
		{"NoSweep", false, "9*60", "each minute"},
		{"NoSweep", false, "0*60", "each minute, and no address is free"},
		{"NoSweep", false, "9*60 -*10", "none for ten minutes"},
		{"NoSweep", false, "-*4 9 -*4 9 -*4 9", "one in five minutes"},
		{"NoSweep", false, "9*60 -*30 9", "they have begun again"},

		{"DriftFound", true, "-*60 2*15", "each sweep finds it"},
		{"DriftFound", true, "-*45 -*4 1 -*4 1 -*4 1", "some sweeps find it, for a quarter of an hour"},
		{"DriftFound", false, "-*60", "none"},
		{"DriftFound", false, "-*59 7", "workers that ended during one sweep"},
		{"DriftFound", false, "-*50 7*10", "for ten minutes"},
		{"DriftFound", false, "2*60 -*30", "a person has ended it"},

		{"DriftRepaired", true, "-*59 1", "this sweep has repaired something"},
		{"DriftRepaired", true, "-*55 1 -*4", "a sweep has, minutes ago"},
		{"DriftRepaired", false, "-*60", "nothing to repair"},
		{"DriftRepaired", false, "1*60 -*15", "a quarter of an hour ago"},

		{"FunctionErrors", true, "0*50 0*4 1 0*4 1", "again and again"},
		{"FunctionErrors", false, "0*60", "none"},
		{"FunctionErrors", false, "0*55 1*5", "not for long: the queue gives them back"},
		{"FunctionErrors", false, "1*50 0*10", "it has ended"},
		{"FunctionErrors", false, "-*60", "nobody has invoked it"},

		{"FunctionThrottles", true, "0*50 0*4 1 0*4 1", "again and again"},
		{"FunctionThrottles", false, "0*60", "none"},
		{"FunctionThrottles", false, "0*55 9*5", "a burst"},
		{"FunctionThrottles", false, "-*60", "nobody has invoked it"},

		{"SweepErrors", true, "0*50 1*10", "sweeps fail"},
		{"SweepErrors", false, "0*60", "none"},
		{"SweepErrors", false, "0*55 1*5", "some did, and the next ones did not"},
		{"SweepErrors", false, "1*50 0*10", "it has ended"},
	} {
		// How much more than it is told CloudWatch looks at is not documented for
		// each period: both ends have to agree.
		for _, spare := range []int{0, 2} {
			if got := made.alarmOf(t, test.alarm).goesOff(t, series(t, test.samples), spare); got != test.want {
				t.Errorf("%s goes off: %t, want %t with %s (%s; %d periods more)", test.alarm, got, test.want, test.samples, test.when, spare)
			}
		}
		rang[test.alarm] = rang[test.alarm] || test.want
		silent[test.alarm] = silent[test.alarm] || !test.want
	}
	for _, name := range made.kind("AWS::CloudWatch::Alarm") {
		if !rang[name] || !silent[name] {
			t.Errorf("%s was not seen both to go off and not to", name)
		}
	}
}

// TestThreshold has the cases of CloudWatch's user guide ("Configuring how
// CloudWatch alarms treat missing data"), for three periods of which it sees five.
func TestThreshold(t *testing.T) {
	for _, test := range []struct {
		samples                 string
		breaching, notBreaching bool
	}{
		{"0 - 1 - 1", false, false},
		{"0 - - - -", false, false},
		{"- - - - -", true, false},
		{"0 1 1 - 1", true, true},
		{"- - 1 - -", true, false},
	} {
		for missing, want := range map[string]bool{"breaching": test.breaching, "notBreaching": test.notBreaching} {
			a := threshold{statistic: "Maximum", comparison: "GreaterThanThreshold", period: 1, periods: 3, missing: missing}
			if got := a.goesOff(t, series(t, test.samples), 2); got != want {
				t.Errorf("%s, missing data %s: %t, want %t", test.samples, missing, got, want)
			}
		}
	}
}

// series reads the samples of each minute, the last one at the end: a number, or
// "-" for none; "9*30" is 9 for half an hour.
func series(t *testing.T, text string) (minutes [][]float64) {
	t.Helper()
	for field := range strings.FieldsSeq(text) {
		value, times, repeated := strings.Cut(field, "*")
		n := 1
		if repeated {
			n = parsed(t, times, strconv.Atoi)
		}
		var samples []float64
		if value != "-" {
			samples = []float64{parsed(t, value, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })}
		}
		minutes = append(minutes, slices.Repeat([][]float64{samples}, n)...)
	}
	return minutes
}

func parsed[T any](t *testing.T, text string, parse func(string) (T, error)) T {
	t.Helper()
	value, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
