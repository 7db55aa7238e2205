package ec2tag_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/ec2tag"
)

func ExampleParse() {
	workers, err := ec2tag.Parse("karpenter.sh/nodepool|karpenter.sh/provisioner-name=media|default, App=streaming")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(workers.Matches(map[string]string{"karpenter.sh/provisioner-name": "media", "App": "streaming"}))
	fmt.Println(workers.Matches(map[string]string{"karpenter.sh/nodepool": "batch", "App": "streaming"}))
	// Output:
	// true
	// false
}

func TestParse(t *testing.T) {
	for text, want := range map[string]ec2tag.Selector{
		"Pool=media":                 {ec2tag.Key("Pool", "media")},
		"Pool=media|voice":           {ec2tag.Key("Pool", "media", "voice")},
		"Pool":                       {ec2tag.Key("Pool")},
		"Pool|pool=media":            {{Keys: []string{"Pool", "pool"}, Values: []string{"media"}}},
		" Pool = media , Stage = a ": {ec2tag.Key("Pool", "media"), ec2tag.Key("Stage", "a")},
		"Query=a=b":                  {ec2tag.Key("Query", "a=b")},
	} {
		got, err := ec2tag.Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Parse(%q): -want +got\n%s", text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", ",", "Pool=", "=media", "Pool=media,", "Pool=media|", "|Pool", " "} {
		if got, err := ec2tag.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, got)
		}
	}
	if (ec2tag.Selector{}).Validate() == nil {
		t.Error("an empty selector is valid")
	}
	if (ec2tag.Selector{{Values: []string{"x"}}}).Validate() == nil {
		t.Error("a filter without keys is valid")
	}
}

func TestMatches(t *testing.T) {
	tags := map[string]string{"Pool": "media", "Stage": "prod", "Empty": ""}
	for text, want := range map[string]bool{
		"Pool=media":            true,
		"Pool=Media":            false,
		"pool=media":            false,
		"Pool=med*":             false,
		"Pool=voice|media":      true,
		"pool|Pool=media":       true,
		"Stage|Pool=media":      true,
		"Empty":                 true,
		"Missing":               false,
		"Missing|Empty":         true,
		"Pool=media,Stage=prod": true,
		"Pool=media,Stage=test": false,
	} {
		selector, err := ec2tag.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := selector.Matches(tags); got != want {
			t.Errorf("%q matches %v: %v, want %v", text, tags, got, want)
		}
	}
}

func TestRequest(t *testing.T) {
	selector := ec2tag.Selector{
		ec2tag.Key("Pool", `a*b`, `c?d`, `e\f`),
		{Keys: []string{"new", "o*d"}, Values: []string{"x"}},
		ec2tag.Key("Stage"),
		ec2tag.Key("Pool", "again"),
	}
	want := map[string][]string{
		"tag:Pool": {`a\*b`, `c\?d`, `e\\f`},
		"tag-key":  {"new", `o\*d`},
	}
	if diff := cmp.Diff(want, maps.Collect(selector.Request())); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestTags(t *testing.T) {
	selector := ec2tag.Selector{ec2tag.Key("Pool", "media", "voice"), {Keys: []string{"a", "b"}}, ec2tag.Key("Pool")}
	want := map[string]string{"Pool": "media", "a": ""}
	if diff := cmp.Diff(want, selector.Tags()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if !selector.Matches(selector.Tags()) {
		t.Error("the selector does not match its own tags")
	}
}

func TestExamples(t *testing.T) {
	for text, want := range map[string][]map[string]string{
		"Pool":                  {{"Pool": ""}},
		"Pool=a|b":              {{"Pool": "a"}, {"Pool": "b"}},
		"Pool|pool=a|b,Stage":   {{"Pool": "a", "Stage": ""}, {"Pool": "b", "Stage": ""}, {"pool": "a", "Stage": ""}, {"pool": "b", "Stage": ""}},
		"Pool,Pool=a":           {{"Pool": "a"}},
		"Pool=a,Pool=b":         nil,
		"Pool=a|b,Pool=b|c":     {{"Pool": "b"}},
		"Pool=a,Pool|pool=b":    {{"Pool": "a", "pool": "b"}},
		"Pool|pool=a,Pool|pool": {{"Pool": "a"}, {"pool": "a"}},
	} {
		selector, err := ec2tag.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []map[string]string
		for tags := range selector.Examples() {
			got = append(got, tags)
			if !selector.Matches(tags) {
				t.Errorf("%s does not match its own example %v", text, tags)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", text, diff)
		}
		for first := range selector.Examples() { // breaking off is fine
			if diff := cmp.Diff(want[0], first); diff != "" {
				t.Error(diff)
			}
			break
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	selector := ec2tag.Selector{ec2tag.Key("Pool", "media")}
	clone := selector.Clone()
	selector[0].Keys[0], selector[0].Values[0] = "x", "y"
	if diff := cmp.Diff(ec2tag.Selector{ec2tag.Key("Pool", "media")}, clone); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
