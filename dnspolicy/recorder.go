package dnspolicy

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Recorder is what a Policy implements in addition if a binding needs more
// record sets than the A record of its name. A wrapper of a Policy must forward
// it.
type Recorder interface {
	// Records returns the record sets to publish beside the A record, for the
	// absolute name that the binding got. It is pure, like Names, and may look at
	// all of the subject, the instance included, even if the names do not: when
	// the binding ends, these sets are always taken back, also if the name stays
	// with the address. They must be such as [CheckRecords] takes, and no two
	// bindings may have one of the same key, also of instances with the same tags.
	// One that is neither at the binding's name nor below it is at a name that
	// bindings share, and the Recorder a [CommonNamer] to which that is one. An
	// empty result is fine.
	// An error says what the subject lacks; nothing is then bound.
	Records(s Subject, name string) ([]RRSet, error)
}

// RecorderFunc makes a Recorder of a function.
type RecorderFunc func(s Subject, name string) ([]RRSet, error)

// Records calls f.
func (f RecorderFunc) Records(s Subject, name string) ([]RRSet, error) { return f(s, name) }

// Validate returns ErrInvalid if f is nil.
func (f RecorderFunc) Validate(Terms) error { return notNil(f == nil, "RecorderFunc") }

// WithRecords returns a Policy that gives the names that p gives, and the record
// sets of all recorders, after those of p if it is a [Recorder] itself. It is a
// [PerAddressPolicy] if p is one. Two recorders may agree on a record set; if two
// have different ones of the same key, Records is an error.
func WithRecords(p Policy, recorders ...Recorder) Policy {
	recording := recordingPolicy{p, slices.Clone(recorders)}
	if a, ok := p.(PerAddressPolicy); ok {
		return PerAddressPolicy{AddressPolicy: a.AddressPolicy, Recorder: recording}
	}
	return recording
}

// recordingPolicy is a policy and what it records beside its own.
type recordingPolicy struct {
	Policy
	more recorderList
}

func (p recordingPolicy) recorders() recorderList {
	if own, ok := p.Policy.(Recorder); ok {
		return slices.Concat(recorderList{own}, p.more)
	}
	return p.more
}

// Common reports whether the name may be a common name of one of the recorders.
func (p recordingPolicy) Common(name string) bool { return p.recorders().Common(name) }

// Records returns the recorders' record sets.
func (p recordingPolicy) Records(s Subject, name string) ([]RRSet, error) {
	return p.recorders().Records(s, name)
}

// Validate returns what is wrong with the policy or one of the recorders.
func (p recordingPolicy) Validate(t Terms) error {
	if err := notNil(p.Policy == nil, "Policy of WithRecords"); err != nil {
		return err
	}
	if err := Validate(p.Policy, t); err != nil {
		return err
	}
	return p.more.Validate(t)
}

// recorderList is the Recorder of all sets of its members.
type recorderList []Recorder

// Common reports whether the name may be a common name of one of the members.
func (l recorderList) Common(name string) bool {
	return slices.ContainsFunc(l, func(r Recorder) bool { return isCommon(r, name) })
}

// Validate returns what is wrong with the first member that will not do.
func (l recorderList) Validate(t Terms) error {
	for i, r := range l {
		if err := Validate(r, t); err != nil {
			return fmt.Errorf("recorder %d: %w", i+1, err)
		}
	}
	return nil
}

// Records returns the members' record sets in their order, each once.
func (l recorderList) Records(s Subject, name string) ([]RRSet, error) {
	var all []RRSet
	at := map[RRKey]int{}
	for _, r := range l {
		sets, err := r.Records(s, name)
		if err != nil {
			return nil, err
		}
		for _, set := range sets {
			i, known := at[set.RRKey]
			switch {
			case !known:
				at[set.RRKey] = len(all)
				all = append(all, set)
			case !all[i].Equal(set):
				return nil, fmt.Errorf("two different record sets for %s %s: %s, and %s", set.Name, set.Type, describe(&all[i]), describe(&set))
			}
		}
	}
	return all, nil
}

const maxTTL = math.MaxInt32 * time.Second // RFC 2181, section 8

func checkTTL(ttl time.Duration) error {
	if ttl < time.Second || ttl > maxTTL || ttl%time.Second != 0 {
		return fmt.Errorf("%w: TTL %s is not a whole number of seconds from 1 to %d", ErrInvalid, ttl, math.MaxInt32)
	}
	return nil
}
