package policytest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// defect is something that policies get wrong.
type defect struct {
	name  string
	fails []string // the cases that notice
	plant func() dnspolicy.Policy
}

func defects() []defect {
	return slices.Concat(nameDefects(), purityDefects(), addressDefects(), hostileDefects(), recordDefects(), commonDefects(), validateDefects(), processDefects())
}

// name is what a policy without defect does.
func name(s dnspolicy.Subject) ([]string, error) {
	if s.InstanceID == "" {
		return nil, errors.New("no instance ID")
	}
	return []string{"sfu-" + s.InstanceID}, nil
}

type namer = dnspolicy.PolicyFunc

// of returns a defect whose state, if any, is anew for each case.
func of(policy func() namer) func() dnspolicy.Policy {
	return func() dnspolicy.Policy { return policy() }
}

func stateless(policy namer) func() dnspolicy.Policy {
	return func() dnspolicy.Policy { return policy }
}

func nameDefects() []defect {
	return []defect{
		{"cannot name a sample", []string{"names"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			if strings.HasSuffix(s.InstanceID, "3") {
				return nil, errors.New("no more than two")
			}
			return name(s)
		})},
		{"absolute names", []string{"names-valid"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			return []string{"sfu" + s.InstanceID + ".sfu.example.com."}, nil
		})},
		{"names with the suffix", []string{"names-valid"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			return []string{"sfu" + s.InstanceID + ".sfu.example.com"}, nil
		})},
		{"U-labels, unannounced", []string{"names-valid"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			return []string{"straße" + s.InstanceID}, nil
		})},
		{"neither name nor error without a tag", []string{"names-or-error"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			if s.InstanceTags == nil {
				return nil, nil
			}
			return name(s)
		})},
		{"both name and error without an IP", []string{"names-or-error"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			if !s.Address.IP.IsValid() {
				return []string{"sfu"}, errors.New("no IP")
			}
			return name(s)
		})},
		{"panic without a private IP", []string{"names-or-error"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			if s.PrivateIP.As4()[0] == 0 {
				return nil, errors.New("no private IP")
			}
			return name(s)
		})},
	}
}

// purityDefects are defects of Names and of Records alike.
func purityDefects() []defect {
	var all []defect
	for what, d := range map[string]func() namer{"repeat": tired, "clock": dated, "concurrent": racing, "input": writing, "memory": keeping, "output": sharing} {
		all = append(all,
			defect{what + ": names", []string{"names-" + what}, of(d)},
			defect{what + ": records", []string{"records-" + what}, func() dnspolicy.Policy { return withText(d()) }})
	}
	return append(all, defect{"clock: names at night", []string{"names-clock"}, of(nightly)})
}

// tired gives another name from some call on.
func tired() namer {
	var mu sync.Mutex
	calls := map[string]int{}
	return func(s dnspolicy.Subject) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		if calls[s.InstanceID]++; calls[s.InstanceID] >= 15 {
			return []string{"tired"}, nil
		}
		return name(s)
	}
}

// dated gives another name in another year.
func dated() namer {
	return func(s dnspolicy.Subject) ([]string, error) {
		if time.Now().Year() != 2000 { // when bubbles begin
			return []string{"dated"}, nil
		}
		return name(s)
	}
}

// nightly gives another name at night.
func nightly() namer {
	return func(s dnspolicy.Subject) ([]string, error) {
		if time.Now().UTC().Hour() >= 20 {
			return []string{"nightly"}, nil
		}
		return name(s)
	}
}

// racing gives another name if it is called while it runs.
func racing() namer {
	var mu sync.Mutex
	running := 0
	count := func(change int) int {
		mu.Lock()
		defer mu.Unlock()
		running += change
		return running
	}
	return func(s dnspolicy.Subject) ([]string, error) {
		count(1)
		defer count(-1)
		time.Sleep(time.Second) // in a bubble
		if count(0) > 1 {
			return []string{"racing"}, nil
		}
		return name(s)
	}
}

// writing leaves a note in the subject.
func writing() namer {
	return func(s dnspolicy.Subject) ([]string, error) {
		if s.Address.Tags != nil {
			s.Address.Tags["seen"] = "yes"
		}
		return name(s)
	}
}

// keeping looks at the tags that an instance had at first.
func keeping() namer {
	var mu sync.Mutex
	kept := map[string]map[string]string{}
	return func(s dnspolicy.Subject) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		if kept[s.InstanceID] == nil {
			kept[s.InstanceID] = s.InstanceTags
		}
		if kept[s.InstanceID]["team"] == "changed" {
			return []string{"changed"}, nil
		}
		return name(s)
	}
}

// sharing returns the same slice again.
func sharing() namer {
	var mu sync.Mutex
	made := map[string][]string{}
	return func(s dnspolicy.Subject) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		if made[s.InstanceID] == nil {
			names, err := name(s)
			if err != nil {
				return nil, err
			}
			made[s.InstanceID] = names
		}
		return made[s.InstanceID], nil
	}
}

// recorder is a policy without defect, and a Recorder.
type recorder struct {
	namer
	dnspolicy.RecorderFunc
}

func withRecords(records dnspolicy.RecorderFunc) dnspolicy.Policy { return recorder{name, records} }

// withText publishes the policy's names as a text, whose values share memory
// with them.
func withText(policy namer) dnspolicy.Policy {
	return withRecords(func(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
		values, err := policy(s)
		if err != nil {
			return nil, err
		}
		return []dnspolicy.RRSet{set(name, "TXT", values...)}, nil
	})
}

func set(name, typ string, values ...string) dnspolicy.RRSet {
	return dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: name, Type: typ}, TTL: time.Minute, Values: values}
}

func addressDefects() []defect {
	return []defect{
		// it sees no instance, so only its own state can make a difference
		{"counts its calls", []string{"address-alone", "names-clock", "names-concurrent", "names-memory", "names-output", "names-repeat"}, func() dnspolicy.Policy {
			var mu sync.Mutex
			calls := 0
			return dnspolicy.PerAddress(dnspolicy.AddressPolicyFunc(func(a dnspolicy.Address) ([]string, error) {
				mu.Lock()
				defer mu.Unlock()
				calls++
				return []string{a.AllocationID + "-" + strconv.Itoa(calls)}, nil
			}))
		}},
		{"one name for all", []string{"address-distinct"}, func() dnspolicy.Policy {
			return dnspolicy.PerAddress(dnspolicy.AddressPolicyFunc(func(a dnspolicy.Address) ([]string, error) {
				return []string{a.AllocationID, "spare", "spare"}, nil
			}))
		}},
	}
}

func hostileDefects() []defect {
	return []defect{
		{"panic without a hyphen in the tag", []string{"hostile-or-error"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			tag, ok := s.InstanceTags["Name"]
			if !ok {
				return nil, errors.New("no tag")
			}
			return []string{"sfu-" + strings.Split(tag, "-")[1]}, nil
		})},
		{"neither name nor error for an empty tag of the address", []string{"hostile-or-error"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			if tag, ok := s.Address.Tags["slot"]; ok && tag == "" {
				return nil, nil
			}
			return name(s)
		})},
		{"the tag as it is", []string{"hostile-labels"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			return []string{s.InstanceTags["team"] + s.InstanceID + "-x"}, nil
		})},
		{"the address's tag as it is", []string{"hostile-labels"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			return []string{"x" + s.Address.Tags["slot"]}, nil
		})},
		{"the tag without dots, but with other full stops", []string{"hostile-labels"}, stateless(func(s dnspolicy.Subject) ([]string, error) {
			return []string{"x" + strings.ReplaceAll(s.InstanceTags["team"], ".", "") + s.InstanceID}, nil
		})},
		{"an absolute name in a tag", []string{"hostile-records"}, func() dnspolicy.Policy {
			return withRecords(func(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
				if tag := s.InstanceTags["team"]; strings.HasSuffix(tag, "org.") && !strings.Contains(tag, "/") {
					name = tag
				}
				return []dnspolicy.RRSet{set(name, "TXT", `"a"`)}, nil
			})
		}},
		{"a label of a tag", []string{"hostile-records"}, func() dnspolicy.Policy {
			return withRecords(func(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
				return []dnspolicy.RRSet{set("x"+s.InstanceTags["team"]+"."+name, "TXT", `"a"`)}, nil
			})
		}},
		{"a value of a tag", []string{"hostile-records"}, func() dnspolicy.Policy {
			return withRecords(func(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
				return []dnspolicy.RRSet{set(name, "TXT", `"`+s.Address.Tags["slot"]+`"`)}, nil
			})
		}},
	}
}

func recordDefects() []defect {
	all := []defect{
		{"cannot record a sample", []string{"records"}, func() dnspolicy.Policy {
			return withRecords(func(s dnspolicy.Subject, _ string) ([]dnspolicy.RRSet, error) {
				if strings.HasSuffix(s.InstanceID, "3") {
					return nil, errors.New("no more than two")
				}
				return nil, nil
			})
		}},
		{"records panic without a private IP", []string{"records-or-error"}, func() dnspolicy.Policy {
			return withRecords(func(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
				return []dnspolicy.RRSet{set(name, "TXT", fmt.Sprintf("\"%v\"", s.PrivateIP.As4()))}, nil
			})
		}},
		{"records and error without an IP", []string{"records-or-error"}, func() dnspolicy.Policy {
			return withRecords(func(s dnspolicy.Subject, name string) (sets []dnspolicy.RRSet, err error) {
				if !s.Address.IP.IsValid() {
					err = errors.New("no IP")
				}
				return []dnspolicy.RRSet{set(name, "TXT", `"a"`)}, err
			})
		}},
		{"a set for samples only that no zone takes", []string{"records-valid"}, func() dnspolicy.Policy {
			return withRecords(func(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
				if s.InstanceTags["Name"] == "media-3" && s.InstanceTags["team"] == "sip" && s.Address.Tags["slot"] == "sfu-003" {
					if s.InstanceTags["karpenter.sh/nodepool"] == "media" && s.Address.Tags["Name"] == "sfu-003" && complete(s) {
						return []dnspolicy.RRSet{set(name, "TXT")}, nil
					}
				}
				return nil, nil
			})
		}},
	}
	for what, sets := range wrongSets() {
		all = append(all, defect{what, []string{"hostile-records", "records-or-error", "records-valid"}, func() dnspolicy.Policy {
			return withRecords(func(_ dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) { return sets(name), nil })
		}})
	}
	return all
}

// complete is true for samples only, not for those that lack something.
func complete(s dnspolicy.Subject) bool {
	return s.Address.AllocationID != "" && s.Address.IP.Is4() && s.InstanceID != "" && s.AvailabilityZone != "" && s.InstanceType != "" && s.PrivateIP.IsValid()
}

// wrongSets returns record sets that are not fine beside the A record.
func wrongSets() map[string]func(primary string) []dnspolicy.RRSet {
	one := func(make func(primary string) dnspolicy.RRSet) func(string) []dnspolicy.RRSet {
		return func(primary string) []dnspolicy.RRSet { return []dnspolicy.RRSet{make(primary)} }
	}
	ttl := func(ttl time.Duration) func(string) []dnspolicy.RRSet {
		return one(func(p string) dnspolicy.RRSet { s := set(p, "TXT", `"a"`); s.TTL = ttl; return s })
	}
	owner := func(name string) func(string) []dnspolicy.RRSet {
		return one(func(string) dnspolicy.RRSet { return set(name, "TXT", `"a"`) })
	}
	return map[string]func(string) []dnspolicy.RRSet{
		"the A record":                one(func(p string) dnspolicy.RRSet { return set(p, "A", "192.0.2.1") }),
		"a CNAME beside the A record": one(func(p string) dnspolicy.RRSet { return set(p, "CNAME", "a.") }),
		"A with identifier": one(func(p string) dnspolicy.RRSet {
			s := set(p, "A", "192.0.2.1")
			s.SetIdentifier = "blue"
			return s
		}),
		"two of a key": func(p string) []dnspolicy.RRSet {
			return []dnspolicy.RRSet{set(p, "TXT", `"a"`), set(p, "TXT", `"b"`)}
		},
		"outside the suffix":  owner("evil.example.org."),
		"relative":            owner("sfu"),
		"upper case":          owner("SFU.sfu.example.com."),
		"empty label":         owner("..sfu.example.com."),
		"long label":          owner(strings.Repeat("a", 64) + ".sfu.example.com."),
		"long name":           owner(strings.Repeat("a.", 130) + "sfu.example.com."),
		"U-label":             owner("straße.sfu.example.com."),
		"no type":             one(func(p string) dnspolicy.RRSet { return set(p, "", "a") }),
		"lower-case type":     one(func(p string) dnspolicy.RRSet { return set(p, "txt", `"a"`) }),
		"no value":            one(func(p string) dnspolicy.RRSet { return set(p, "TXT") }),
		"empty value":         one(func(p string) dnspolicy.RRSet { return set(p, "TXT", "") }),
		"a value twice":       one(func(p string) dnspolicy.RRSet { return set(p, "TXT", `"a"`, `"a"`) }),
		"IPv6 in an A":        one(func(p string) dnspolicy.RRSet { return set("x."+p, "A", "2001:db8::7") }),
		"a line end":          one(func(p string) dnspolicy.RRSet { return set(p, "TXT", "\"a\nb\"") }),
		"half a second":       ttl(time.Second / 2),
		"a negative TTL":      ttl(-time.Second),
		"a TTL of many years": ttl((1 << 31) * time.Second),
	}
}
