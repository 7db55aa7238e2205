package dnspolicy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// CommonNamer is what a Recorder implements in addition if its record sets go to
// names that bindings share. A wrapper must forward it.
type CommonNamer interface {
	// Common reports whether the absolute name may be such a name, for any subject.
	// The binder gives no worker a name of its own that is: whoever writes a
	// worker's tags could keep all others out of the common name. It is pure.
	Common(name string) bool
}

// isCommon asks p, if it is a CommonNamer.
func isCommon(p any, name string) bool {
	n, ok := p.(CommonNamer)
	return ok && n.Common(name)
}

// CheckRecords returns ErrInvalid with the first thing that is wrong with record
// sets that are to stand beside the A record at the name. Both the name and the
// suffix are absolute. Sets must lie below the suffix and have keys of their own;
// none may be an A or CNAME record at the name itself; those without
// SetIdentifier belong to the binding alone, and must be at its name or below it.
// Names must be lower case, without wildcard, TTLs whole seconds up to 2³¹-1, values
// different from each other, and A values IPv4 addresses.
func CheckRecords(name, suffix string, sets []RRSet) error {
	seen := map[RRKey]bool{}
	for _, set := range sets {
		err := checkRecord(name, suffix, set)
		if err == nil && seen[set.RRKey] {
			err = errors.New("there are two of this key")
		}
		seen[set.RRKey] = true
		if err != nil {
			return fmt.Errorf("%w: record set %q %s beside %s: %w", ErrInvalid, set.Name, set.Type, name, err)
		}
	}
	return nil
}

func checkRecord(name, suffix string, set RRSet) error {
	switch {
	case set.Name == suffix || !Contains(suffix, set.Name):
		return fmt.Errorf("the name is not below %s", suffix)
	case set.Name == name && (set.Type == "A" || set.Type == "CNAME"):
		return errors.New("no such set can be beside the A record")
	case set.SetIdentifier == "" && !Contains(name, set.Name):
		return errors.New("without SetIdentifier it must be at the binding's own name, or below it")
	}
	return errors.Join(checkOwner(set.Name), checkContent(set), checkValues(set))
}

func checkContent(set RRSet) error {
	switch {
	case set.Type == "" || set.Type != strings.ToUpper(set.Type):
		return errors.New("the type is empty, or not upper case")
	case set.TTL < 0 || set.TTL > maxTTL || set.TTL%time.Second != 0:
		return fmt.Errorf("TTL %s is not a whole number of seconds up to %s", set.TTL, maxTTL)
	}
	return nil
}

// checkOwner allows for labels such as "_sip", which host names have not.
func checkOwner(name string) error {
	if len(name) > maxName || name != strings.ToLower(name) {
		return fmt.Errorf("the name is longer than %d characters, or not lower case", maxName)
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if len(label) < 1 || len(label) > maxLabel {
			return fmt.Errorf("label %q has %d characters, not 1 to %d", label, len(label), maxLabel)
		}
		if i := strings.IndexFunc(label, func(c rune) bool { return c != '_' && !isLetterDigitHyphen(c) }); i >= 0 {
			return fmt.Errorf("label %q has a character that is no letter, digit, hyphen or underscore", label)
		}
	}
	return nil
}

func checkValues(set RRSet) error {
	values := slices.Compact(slices.Sorted(slices.Values(set.Values)))
	if len(values) == 0 || len(values) < len(set.Values) || values[0] == "" {
		return errors.New("no values, one of them twice, or one that is empty")
	}
	for _, v := range values {
		if ip, err := netip.ParseAddr(v); set.Type == "A" && (err != nil || !ip.Is4()) {
			return fmt.Errorf("value %q is not an IPv4 address", v)
		}
		if strings.ContainsAny(v, "\r\n\x00") {
			return fmt.Errorf("value %q has a line end", v)
		}
	}
	return nil
}
