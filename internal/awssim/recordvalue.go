package awssim

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// recordTypes are the types that Route 53 knows (API page of ResourceRecordSet).
func recordTypes() []string {
	return []string{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}
}

// maxCharacterString is the limit of RFC 1035, section 3.3.
const maxCharacterString = 255

// checkValues says in Route 53's words what is wrong with the set's data.
func checkValues(set RecordSet) error {
	if !slices.Contains(recordTypes(), set.Type) {
		return flawf("Invalid record type: %s", set.Type)
	}
	if set.Type == "CNAME" && len(set.Values) > 1 {
		return flawf("RRSet of type CNAME with DNS name %s has more than one value", set.Name)
	}
	seen := map[string]bool{}
	for _, v := range set.Values {
		if seen[v] {
			return flawf("Duplicate Resource Record: '%s'", v)
		}
		seen[v] = true
		if err := checkValue(set.Type, v); err != nil {
			return flawf("Invalid Resource Record: %s", err)
		}
	}
	return nil
}

// checkValue checks the types that the binder writes, and lets others pass.
func checkValue(kind, v string) error {
	switch kind {
	case "A":
		if ip, err := netip.ParseAddr(v); err != nil || !ip.Is4() {
			return fatal("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", v)
		}
	case "AAAA":
		if ip, err := netip.ParseAddr(v); err != nil || !ip.Is6() || ip.Zone() != "" {
			return fatal("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", v)
		}
	case "CNAME", "NS", "PTR":
		_, err := parseName(v)
		return err
	case "MX", "SRV":
		return checkNumbered(v, map[string]int{"MX": 1, "SRV": 3}[kind])
	case "TXT", "SPF":
		return checkText(v)
	}
	return nil
}

// checkNumbered checks some 16-bit numbers with a name after them.
func checkNumbered(v string, numbers int) error {
	fields := strings.Fields(v)
	if len(fields) != numbers+1 {
		return fatal("RRDATAFieldCount", "Value has a wrong number of fields", v)
	}
	for _, number := range fields[:numbers] {
		if _, err := strconv.ParseUint(number, 10, 16); err != nil {
			return fatal("RRDATANotANumber", "Value is not a number", v)
		}
	}
	_, err := parseName(fields[numbers])
	return err
}

// checkText checks quoted strings with blanks between them.
func checkText(v string) error {
	for rest := strings.TrimSpace(v); ; {
		length, size := quotedString(rest)
		switch {
		case size == 0:
			return fatal("InvalidCharacterString", "Value should be enclosed in quotation marks", v)
		case length > maxCharacterString:
			return fatal("CharacterStringTooLong", "Value is too long", v)
		}
		if rest = strings.TrimSpace(rest[size:]); rest == "" {
			return nil
		}
	}
}

// quotedString measures the quoted string at the beginning of s: what it
// stands for, and its text, which is 0 if there is none.
func quotedString(s string) (length, size int) {
	if !strings.HasPrefix(s, `"`) {
		return 0, 0
	}
	for at := 1; at < len(s); length++ {
		switch {
		case s[at] == '"':
			return length, at + 1
		case s[at] == '\\' && at+3 < len(s) && s[at+1] >= '0' && s[at+1] <= '7':
			at += 4
		case s[at] == '\\':
			at += 2
		default:
			at++
		}
	}
	return 0, 0
}
