package binder

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

func subjectOf(i Instance, a eippool.Address) dnspolicy.Subject {
	return dnspolicy.Subject{
		Address:          dnspolicy.Address{AllocationID: a.AllocationID, IP: a.IP, Tags: a.Tags},
		InstanceID:       i.ID,
		AvailabilityZone: i.AvailabilityZone,
		InstanceType:     i.Type,
		PrivateIP:        i.PrivateIP,
		InstanceTags:     i.Tags,
	}
}

// names returns the policy's candidates that are valid, as absolute names.
func (b *Binder) names(s dnspolicy.Subject) ([]string, error) {
	relative, err := b.policy.Names(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPolicy, err)
	}
	var names []string
	var errs []error
	for _, name := range relative {
		absolute, err := b.absolute(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		names = append(names, absolute)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: %w", errPolicy, errors.Join(errs...))
	}
	return names, nil
}

// absolute is the name that a policy's name stands for.
func (b *Binder) absolute(name string) (string, error) {
	absolute, err := b.opts.terms().Join(name)
	if err != nil {
		return "", err
	}
	if isCommon(b.common, absolute) {
		return "", fmt.Errorf("%w: %s is a name that workers may have in common", dnspolicy.ErrInvalidName, absolute)
	}
	return absolute, nil
}

func isCommon(common []dnspolicy.CommonNamer, name string) bool {
	return slices.ContainsFunc(common, func(c dnspolicy.CommonNamer) bool { return c.Common(name) })
}

// commonOf is whose names no worker of the policy's may have: its own.
func commonOf(p dnspolicy.Policy) []dnspolicy.CommonNamer {
	if c, ok := p.(dnspolicy.CommonNamer); ok {
		return []dnspolicy.CommonNamer{c}
	}
	return nil
}

// onlyCommon returns a name of the policy's, if two workers that have nothing alike
// would both get none but names that workers may have in common; else "".
func onlyCommon(p dnspolicy.Policy, t dnspolicy.Terms, common []dnspolicy.CommonNamer) (example string) {
	for _, s := range strangers() {
		names, err := p.Names(s)
		if err != nil || len(names) == 0 {
			return "" // it depends on tags, say
		}
		for _, name := range names {
			absolute, err := t.Join(name)
			if err != nil || !isCommon(common, absolute) {
				return ""
			}
			example = absolute
		}
	}
	return example
}

// strangers are two workers that have nothing alike.
func strangers() []dnspolicy.Subject {
	worker := func(n byte, id, zone, kind string) dnspolicy.Subject {
		return dnspolicy.Subject{
			Address:    dnspolicy.Address{AllocationID: "eipalloc-" + id, IP: netip.AddrFrom4([4]byte{n, n, n, n})},
			InstanceID: "i-" + id, AvailabilityZone: zone, InstanceType: kind, PrivateIP: netip.AddrFrom4([4]byte{10, n, n, n}),
		}
	}
	return []dnspolicy.Subject{
		worker(11, "0123456789abcdef0", "eu-central-1b", "c7gn.2xlarge"), worker(213, "fedcba98765432101", "us-east-1f", "m5.large"),
	}
}

// terms are what the options ask of names.
func (o Options) terms() dnspolicy.Terms {
	return dnspolicy.Terms{Suffix: o.Suffix, CoveredByWildcard: o.CoveredByWildcard, ToASCII: ToASCII}
}

// ToASCII converts the U-labels of a name to A-labels, by IDNA2008 and the
// look-up rules of UTS #46, as a Binder does with Options.Suffix and with what
// its policy gives: "medien.müller.example." becomes
// "medien.xn--mller-kva.example.". Labels in ASCII stay as they are, but those
// that claim to be A-labels must be, or the error is dnspolicy.ErrInvalidName. So
// is a label with a character that stands for a dot. Whether the name is a host
// name is not looked at: dnspolicy.CheckName does that.
func ToASCII(name string) (string, error) {
	labels := strings.Split(name, ".")
	for i, label := range labels {
		plain := !strings.ContainsFunc(label, func(c rune) bool { return c > unicode.MaxASCII })
		if plain && !strings.HasPrefix(strings.ToLower(label), "xn--") {
			continue
		}
		ascii, err := toALabel(label)
		if err != nil {
			return "", fmt.Errorf("%w: label %q: %w", dnspolicy.ErrInvalidName, label, err)
		}
		labels[i] = ascii
	}
	return strings.Join(labels, "."), nil
}

// toALabel converts twice: the first time, some rules see only what a label was,
// not what it is mapped to (U+2135 becomes a letter that is written from right to
// left), and octets that are not UTF-8 pass.
func toALabel(label string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(label)
	switch {
	case err != nil:
		return "", err
	case strings.Contains(ascii, "."):
		return "", errors.New("it has a character that stands for a dot")
	}
	return idna.Lookup.ToASCII(ascii)
}

// perAddress reports whether the names depend on the address alone.
func (b *Binder) perAddress() bool {
	_, ok := b.policy.(dnspolicy.PerAddressPolicy)
	return ok
}

// recordSets returns what is to be published for the name: the A record, and
// what the policy adds.
func (b *Binder) recordSets(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
	sets := []dnspolicy.RRSet{b.primary(s, name)}
	recorder, ok := b.policy.(dnspolicy.Recorder)
	if !ok {
		return sets, nil
	}
	more, err := recorder.Records(s, name)
	if err != nil {
		return nil, fmt.Errorf("%w: records of %s: %w", errPolicy, name, err)
	}
	if err := dnspolicy.CheckRecords(name, b.opts.Suffix, more); err != nil {
		return nil, fmt.Errorf("%w: records of %s: %w", errPolicy, name, err)
	}
	return append(sets, more...), nil
}

// primary is the A record of the name.
func (b *Binder) primary(s dnspolicy.Subject, name string) dnspolicy.RRSet {
	return dnspolicy.RRSet{
		RRKey:  dnspolicy.RRKey{Name: name, Type: "A"},
		TTL:    b.opts.TTL,
		Values: []string{s.Address.IP.String()},
	}
}

func toStored(sets []dnspolicy.RRSet) []store.RRSet {
	out := make([]store.RRSet, len(sets))
	for i, s := range sets {
		out[i] = store.RRSet{Name: s.Name, Type: s.Type, SetIdentifier: s.SetIdentifier, TTL: s.TTL, Values: slices.Clone(s.Values)}
	}
	return out
}

func fromStored(s store.RRSet) dnspolicy.RRSet {
	return dnspolicy.RRSet{
		RRKey: dnspolicy.RRKey{Name: s.Name, Type: s.Type, SetIdentifier: s.SetIdentifier},
		TTL:   s.TTL, Values: slices.Clone(s.Values),
	}
}

func sameSets(a, b []store.RRSet) bool {
	return slices.EqualFunc(a, b, func(x, y store.RRSet) bool { return fromStored(x).Equal(fromStored(y)) })
}
