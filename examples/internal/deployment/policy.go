package deployment

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
)

// PolicyHelp are the policies, for people.
const PolicyHelp = "dotted-ip, dashed-ip, instance-id, pattern:TEXT, slot:TAG, hashed-instance-id:KEY, hashed-allocation-id:KEY " +
	"(KEY is env:VARIABLE or file:PATH)"

// RecordsHelp are the record sets, for people.
const RecordsHelp = "multivalue:PATTERN, txt:LABEL:TEXT"

// policies makes policies of their argument, the part of the text after the
// first colon.
func policies(getenv func(string) string) map[string]func(string) (dnspolicy.Policy, error) {
	return map[string]func(string) (dnspolicy.Policy, error){
		"dotted-ip":   plain(dnspolicy.PerAddress(dnspolicy.DottedIP())),
		"dashed-ip":   plain(dnspolicy.PerAddress(dnspolicy.DashedIP())),
		"instance-id": plain(dnspolicy.InstanceID()),
		"pattern":     dnspolicy.Pattern,
		"slot":        func(tag string) (dnspolicy.Policy, error) { return perAddress(dnspolicy.Slot(tag)) },
		"hashed-instance-id": func(argument string) (dnspolicy.Policy, error) {
			key, err := secret(argument, getenv)
			if err != nil {
				return nil, err
			}
			return dnspolicy.HashedInstanceID(key)
		},
		"hashed-allocation-id": func(argument string) (dnspolicy.Policy, error) {
			key, err := secret(argument, getenv)
			if err != nil {
				return nil, err
			}
			return perAddress(dnspolicy.HashedAllocationID(key))
		},
	}
}

func plain(p dnspolicy.Policy) func(string) (dnspolicy.Policy, error) {
	return func(argument string) (dnspolicy.Policy, error) {
		if argument != "" {
			return nil, fmt.Errorf("takes nothing after a colon, but has %q", argument)
		}
		return p, nil
	}
}

func perAddress(p dnspolicy.AddressPolicy, err error) (dnspolicy.Policy, error) {
	if err != nil {
		return nil, err
	}
	return dnspolicy.PerAddress(p), nil
}

// secret reads a key from where the text says: it never stands there itself.
func secret(from string, getenv func(string) string) ([]byte, error) {
	kind, where, _ := strings.Cut(from, ":")
	switch {
	case kind == "env" && where != "":
		key := strings.TrimSpace(getenv(where))
		if key == "" {
			return nil, fmt.Errorf("the variable %s, which is to hold the key, is not set", where)
		}
		return []byte(key), nil
	case kind == "file" && where != "":
		key, err := os.ReadFile(where)
		return []byte(strings.TrimRight(string(key), "\r\n")), err
	}
	return nil, errors.New("the key must not stand here: say env:VARIABLE or file:PATH")
}

// policyOf makes the policy of one or more texts, which are tried in turn.
func policyOf(getenv func(string) string) func([]string) (dnspolicy.Policy, error) {
	known := policies(getenv)
	return func(items []string) (dnspolicy.Policy, error) {
		var made []dnspolicy.Policy
		for _, item := range items {
			name, argument, _ := strings.Cut(item, ":")
			parse, ok := known[name]
			if !ok {
				return nil, fmt.Errorf("there is no policy %q (there are %s)", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
			}
			p, err := parse(argument)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			made = append(made, p)
		}
		if len(made) == 1 {
			return made[0], nil
		}
		return dnspolicy.Fallback(made[0], made[1:]...), nil
	}
}

// recordsOf makes what publishes more record sets.
func recordsOf(suffix string, ttl time.Duration) func([]string) ([]dnspolicy.Recorder, error) {
	return func(items []string) ([]dnspolicy.Recorder, error) {
		var made []dnspolicy.Recorder
		for _, item := range items {
			recorder, err := recorderOf(item, suffix, ttl)
			if err != nil {
				return nil, err
			}
			made = append(made, recorder)
		}
		return made, nil
	}
}

func recorderOf(item, suffix string, ttl time.Duration) (dnspolicy.Recorder, error) {
	name, argument, _ := strings.Cut(item, ":")
	switch name {
	case "multivalue":
		return dnspolicy.Multivalue(argument, suffix, ttl)
	case "txt":
		label, text, ok := strings.Cut(argument, ":")
		if !ok {
			return nil, fmt.Errorf("%q has no second colon: write txt:LABEL:TEXT, or txt::TEXT for the worker's own name", item)
		}
		return dnspolicy.TXT(label, text, ttl)
	}
	return nil, fmt.Errorf("there are no records %q (there are multivalue, txt)", name)
}

// policy reads how the profile's workers are named, and what depends on that.
func (r *reader) policy(s scope, p *Profile) {
	named, more := r.known["policy"], r.known["records"]
	records, _, err := s.get(more)
	p.Policy = read(r, s, named.Key, policyOf(r.getenv))
	if items, _, err := s.get(named); err == nil {
		p.PolicyText = strings.Join(items, " "+alternatives+" ")
	}
	if p.PolicyText == "" {
		p.PolicyText = named.Default
	}
	if p.Policy == nil {
		return
	}
	if _, perAddress := p.Policy.(dnspolicy.PerAddressPolicy); p.KeepNames && !perAddress {
		r.fail(s.label("keepNames", EnvKeepNames), errors.New("only names of addresses can be kept"), "false, or choose another "+s.label("policy", EnvPolicy))
	}
	if p.Suffix == "" {
		return
	}
	r.fits(s, *p)
	if err != nil || len(records) > 0 {
		if recorders := read(r, s, more.Key, recordsOf(p.Suffix, p.TTL)); len(recorders) > 0 {
			p.Policy = dnspolicy.WithRecords(p.Policy, recorders...)
		}
	}
}

// fits finds what the Binder would refuse, but says by which setting.
func (r *reader) fits(s scope, p Profile) {
	terms := dnspolicy.Terms{Suffix: p.Suffix, ToASCII: binder.ToASCII}
	if err := dnspolicy.Validate(p.Policy, terms); err != nil {
		r.fail(s.label("policy", EnvPolicy), err, "one whose names are valid under the suffix")
		return
	}
	terms.CoveredByWildcard = p.CoveredByWildcard
	if err := dnspolicy.Validate(p.Policy, terms); err != nil {
		r.fail(s.label("coveredByWildcard", EnvCoveredByWildcard), err, "false, or choose another "+s.label("policy", EnvPolicy)+", such as dashed-ip")
	}
}
