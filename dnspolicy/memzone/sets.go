package memzone

import (
	"iter"
	"maps"
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// sets are record sets by name and key: what a new one must fit is those of its
// name.
type sets map[string]map[dnspolicy.RRKey]dnspolicy.RRSet

func (s sets) get(key dnspolicy.RRKey) (dnspolicy.RRSet, bool) {
	set, ok := s[key.Name][key]
	return set, ok
}

// put makes the set what is held under the key; nil removes what is.
func (s sets) put(key dnspolicy.RRKey, set *dnspolicy.RRSet) {
	if set == nil {
		delete(s[key.Name], key)
		if len(s[key.Name]) == 0 {
			delete(s, key.Name)
		}
		return
	}
	if s[key.Name] == nil {
		s[key.Name] = map[dnspolicy.RRKey]dnspolicy.RRSet{}
	}
	s[key.Name][key] = *set
}

func (s sets) all() iter.Seq[dnspolicy.RRSet] {
	return func(yield func(dnspolicy.RRSet) bool) {
		for named := range maps.Values(s) {
			for set := range maps.Values(named) {
				if !yield(set) {
					return
				}
			}
		}
	}
}

// excluding returns the first set, by key, beside which the key cannot be, nil
// if there is none. What is removed is no obstacle.
func (s sets) excluding(key dnspolicy.RRKey, removed map[dnspolicy.RRKey]bool) *dnspolicy.RRSet {
	for _, there := range slices.SortedFunc(maps.Keys(s[key.Name]), compareKeys) {
		if !removed[there] && exclude(there, key) {
			set := s[key.Name][there]
			return &set
		}
	}
	return nil
}

// exclude reports whether two record sets of one name cannot both be: a CNAME
// is alone (RFC 1034, section 3.6.2), and a set without identifier is the only
// one of its type ("Choosing a routing policy" in Route 53's developer guide).
func exclude(a, b dnspolicy.RRKey) bool {
	const cname = "CNAME"
	if a.Type != b.Type {
		return a.Type == cname || b.Type == cname
	}
	return a != b && (a.SetIdentifier == "" || b.SetIdentifier == "")
}
