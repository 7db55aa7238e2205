package policytest

import (
	"errors"
	"strings"
	"sync"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// identifier tells a worker's set at the common name from the others'.
type identifier func(dnspolicy.Subject) string

func byAllocation(s dnspolicy.Subject) string { return s.Address.AllocationID }

// common says which names workers share.
type common func(name string) bool

func (c common) Common(name string) bool { return c(name) }

const pool = "-pool.sfu.example.com."

func ofPool(name string) bool {
	label, under := strings.CutSuffix(name, pool)
	return under && label != "" && !strings.Contains(label, ".")
}

// pooled is a Recorder that gives the workers of a team a name in common.
func pooled(id identifier) recorder {
	return recorder{name, func(s dnspolicy.Subject, _ string) ([]dnspolicy.RRSet, error) {
		team := s.InstanceTags["team"]
		set := set(strings.ToLower(team)+pool, "A", s.Address.IP.String())
		set.SetIdentifier = id(s)
		if set.SetIdentifier == "" || !ofPool(set.Name) {
			return nil, errors.New("no identifier, or no team")
		}
		if err := dnspolicy.CheckRecords("any.sfu.example.com.", "sfu.example.com.", []dnspolicy.RRSet{set}); err != nil {
			return nil, err
		}
		return []dnspolicy.RRSet{set}, nil
	}}
}

// withPool is a policy without defect, if its parts have none.
func withPool(id identifier, c common) dnspolicy.Policy {
	return struct {
		recorder
		common
	}{pooled(id), c}
}

// wantsPool is a policy without defect that would first give a worker the common
// name; the binder passes it over.
func wantsPool() dnspolicy.Policy {
	all := pooled(byAllocation)
	all.namer = func(s dnspolicy.Subject) ([]string, error) {
		names, err := name(s)
		if err != nil {
			return nil, err
		}
		return append([]string{"sip-pool"}, names...), nil
	}
	return struct {
		recorder
		common
	}{all, ofPool}
}

func commonDefects() []defect {
	distinct, known, own, pure := []string{"records-distinct"}, []string{"records-common"}, []string{"records-common-own"}, []string{"records-common-pure"}
	planted := func(id identifier, c common) func() dnspolicy.Policy {
		return func() dnspolicy.Policy { return withPool(id, c) }
	}
	return []defect{
		{"one set for all", distinct, planted(func(dnspolicy.Subject) string { return "pool" }, ofPool)},
		{"a set for each value of a tag", distinct, planted(func(s dnspolicy.Subject) string { return s.InstanceTags["Name"] }, ofPool)},
		{"no CommonNamer", known, func() dnspolicy.Policy { return pooled(byAllocation) }},
		{"knows no common name", known, planted(byAllocation, func(string) bool { return false })},
		{"knows the samples' common names only", known, planted(byAllocation, func(name string) bool { return name == "sip"+pool })},
		{"takes every name for a common one", own, planted(byAllocation, func(string) bool { return true })},
		{"takes the names of one worker for common ones", own, planted(byAllocation, func(name string) bool { return ofPool(name) || strings.Contains(name, "i-0b3") })},
		{"panics if asked about a strange name", pure, planted(byAllocation, func(name string) bool { return name[0] != '.' && ofPool(name) })},
		{"takes one more for a common name from some time on", pure, func() dnspolicy.Policy {
			var mu sync.Mutex
			asked := map[string]int{}
			return withPool(byAllocation, func(name string) bool {
				mu.Lock()
				defer mu.Unlock()
				asked[name]++
				return ofPool(name) || strings.HasPrefix(name, "nobody.") && asked[name] > 10
			})
		}},
	}
}
