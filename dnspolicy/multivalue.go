package dnspolicy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Multivalue returns a Recorder that gives all workers one more name in common:
// each binding has a record set of its own there, with the address's allocation
// ID as SetIdentifier and the address's IP as value. On Route 53 these are
// multivalue answer records: each answer has up to eight of them, chosen at
// random.
//
// The common name is the pattern (see [Pattern]) under the suffix, which is
// absolute, and the deployment's or below that. Without placeholders, it is the same for all workers: "all". With
// placeholders, workers share it by what these name: "all-{zone}" or
// "all-{tag:karpenter.sh/nodepool}". Route 53 takes 100 records of a name and
// type, and refuses the change that would publish one more, the worker's own name
// with it: such a worker is not bound until another one goes. So divide a pool
// that can grow to more than 100 workers by a placeholder, such as the zone.
//
// A zone holds either one kind of name or the other, so the binder gives no
// worker an own name that the pattern could become: "{tag:pool}" would leave none
// of one label, "all-{tag:pool}" leaves those that do not begin with "all-". The
// common name must consist of A-labels. Whoever writes a tag that
// the pattern names decides which of the common names a worker is under. The TTL
// is in whole seconds, at least one.
func Multivalue(pattern, suffix string, ttl time.Duration) (Recorder, error) {
	t, err := parseNames(pattern)
	if err == nil {
		_, err = Join(t.shortest(), suffix)
	}
	if err != nil {
		return nil, fmt.Errorf("multivalue: %w", err)
	}
	if err := checkTTL(ttl); err != nil {
		return nil, fmt.Errorf("multivalue: %w", err)
	}
	suffix = strings.ToLower(suffix)
	return multivalue{t, suffix, ttl, t.shape(suffix)}, nil
}

type multivalue struct {
	pattern template
	suffix  string
	ttl     time.Duration
	common  *regexp.Regexp
}

// Common reports whether the pattern, with some values or others, is this name.
func (m multivalue) Common(name string) bool { return m.common.MatchString(name) }

// Records returns the binding's record set at the common name.
func (m multivalue) Records(s Subject, name string) ([]RRSet, error) {
	common, err := m.name(s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("multivalue: %w", err)
	case common == name:
		return nil, fmt.Errorf("multivalue: the common name %s is the worker's own", common)
	case s.Address.AllocationID == "":
		return nil, errors.New("multivalue: address has no allocation ID")
	case !s.Address.IP.Is4():
		return nil, fmt.Errorf("multivalue: %w", noIPv4(s.Address))
	}
	return []RRSet{{
		RRKey:  RRKey{Name: common, Type: "A", SetIdentifier: s.Address.AllocationID},
		TTL:    m.ttl,
		Values: []string{s.Address.IP.String()},
	}}, nil
}

// Validate returns ErrInvalid if the common name is outside the suffix.
func (m multivalue) Validate(t Terms) error {
	name, err := Join(m.pattern.shortest(), m.suffix)
	if err == nil && (name == t.Suffix || !Contains(t.Suffix, name)) {
		err = fmt.Errorf("%w: the common name is under %s, the workers' names are under %s: use their suffix", ErrInvalid, m.suffix, t.Suffix)
	}
	if err != nil {
		return fmt.Errorf("multivalue: %w", err)
	}
	return nil
}

func (m multivalue) name(s Subject) (string, error) {
	relative, err := m.pattern.expand(s)
	if err != nil {
		return "", err
	}
	return Join(relative, m.suffix)
}
