package memzone

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// The limits of RFC 1035, section 2.3.4, as in text form with trailing dot, and
// of RFC 2181, section 8.
const (
	maxLabel = 63
	maxName  = 254
	maxTTL   = math.MaxInt32 * time.Second
)

// checkChanges returns ErrInvalid with the first thing that is wrong with the
// changes as such, whatever the zone holds.
func checkChanges(zone string, changes []dnspolicy.Change) error {
	seen, created := map[dnspolicy.RRKey]bool{}, sets{}
	for _, c := range changes {
		key := c.Key()
		if seen[key] {
			return fmt.Errorf("%w: two changes of %s %s", dnspolicy.ErrInvalid, key.Name, key.Type)
		}
		seen[key] = true
		if err := checkChange(zone, c); err != nil {
			return err
		}
		if c.After == nil {
			continue
		}
		if other := created.excluding(key, nil); other != nil {
			return fmt.Errorf("%w: %s %s cannot be beside %s %q", dnspolicy.ErrInvalid, key.Name, key.Type, other.Type, other.SetIdentifier)
		}
		created.put(key, c.After)
	}
	return nil
}

func checkChange(zone string, c dnspolicy.Change) error {
	switch {
	case c.Before == nil && c.After == nil:
		return fmt.Errorf("%w: change has neither Before nor After", dnspolicy.ErrInvalid)
	case c.Before != nil && c.After != nil && c.Before.RRKey != c.After.RRKey:
		return fmt.Errorf("%w: Before is of %v, After of %v", dnspolicy.ErrInvalid, c.Before.RRKey, c.After.RRKey)
	}
	for _, set := range []*dnspolicy.RRSet{c.Before, c.After} {
		if set == nil {
			continue
		}
		if err := checkSet(zone, *set); err != nil {
			return err
		}
	}
	return nil
}

// checkSet returns ErrInvalid if no zone of this name can hold the set.
func checkSet(zone string, set dnspolicy.RRSet) error {
	err := checkName(zone, set.Name)
	switch {
	case err != nil:
	case set.Type == "" || set.Type != strings.ToUpper(set.Type):
		err = fmt.Errorf("type %q", set.Type)
	case set.TTL < 0 || set.TTL > maxTTL || set.TTL%time.Second != 0:
		err = fmt.Errorf("TTL %s is not a whole number of seconds from 0 to %d", set.TTL, math.MaxInt32)
	default:
		err = checkValues(set)
	}
	if err != nil {
		return fmt.Errorf("%w: record set %q %s: %w", dnspolicy.ErrInvalid, set.Name, set.Type, err)
	}
	return nil
}

// checkName is wider than dnspolicy.CheckName, which is for host names: a zone
// also holds names such as "*.example.com." and "_sip._udp.example.com.".
func checkName(zone, name string) error {
	switch {
	case name != strings.ToLower(name):
		return errors.New("name is not lower case")
	case !dnspolicy.Contains(zone, name):
		return fmt.Errorf("name is not in the zone %s", zone)
	case len(name) > maxName:
		return fmt.Errorf("name has %d characters, more than %d", len(name), maxName)
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > maxLabel {
			return fmt.Errorf("label %q has %d characters, not 1 to %d", label, len(label), maxLabel)
		}
	}
	return nil
}

func checkValues(set dnspolicy.RRSet) error {
	if len(set.Values) == 0 {
		return errors.New("no values")
	}
	values := slices.Sorted(slices.Values(set.Values))
	if len(slices.Compact(values)) < len(set.Values) {
		return errors.New("a value occurs twice")
	}
	for _, v := range set.Values {
		if v == "" {
			return errors.New("empty value")
		}
		if ip, err := netip.ParseAddr(v); set.Type == "A" && (err != nil || !ip.Is4()) {
			return fmt.Errorf("value %q is not an IPv4 address", v)
		}
	}
	return nil
}
