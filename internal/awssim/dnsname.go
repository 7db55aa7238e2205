package awssim

import (
	"fmt"
	"slices"
	"strings"
)

// The limits of RFC 1035, section 2.3.4; maxName counts the text with its last dot.
const (
	maxLabel = 63
	maxName  = 255
)

// canonicalName returns a domain name as Route 53 gives it back (Developer
// Guide, DNS domain name format): lower case, with a trailing dot, everything
// but a-z 0-9 - _ as an octal escape such as \052.
func canonicalName(name string) (string, error) {
	labels, err := parseName(name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, label := range labels {
		for _, c := range []byte(label) {
			if isPlain(c) {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
		b.WriteByte('.')
	}
	return b.String(), nil
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// parseName returns the labels without escapes, in lower case.
func parseName(name string) ([]string, error) {
	var labels []string
	var label []byte
	rest := strings.TrimSuffix(name, ".") + "."
	for rest != "" {
		c := rest[0]
		if c == '.' {
			if err := checkLabel(string(label), name); err != nil {
				return nil, err
			}
			labels, label, rest = append(labels, string(label)), nil, rest[1:]
			continue
		}
		octet, size, ok := unescape(rest)
		if !ok {
			return nil, fatal("UnsupportedCharacter", "Value contains unsupported characters", name)
		}
		label, rest = append(label, lower(octet)), rest[size:]
	}
	if len(name) > maxName {
		return nil, fatal("DomainNameTooLong", "Domain name is too long", name)
	}
	return labels, nil
}

// unescape reads one character or escape, and returns its size in the text.
// Only printable ASCII may stand for itself.
func unescape(s string) (octet byte, size int, ok bool) {
	if s[0] != '\\' {
		return s[0], 1, s[0] > ' ' && s[0] < 0x7f
	}
	if len(s) < 4 {
		return 0, 0, false
	}
	n := 0
	for _, c := range []byte(s[1:4]) {
		if c < '0' || c > '7' {
			return 0, 0, false
		}
		n = n*8 + int(c-'0')
	}
	return byte(n), 4, n < 256
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func checkLabel(label, name string) error {
	switch {
	case label == "":
		return fatal("DomainLabelEmpty", "Domain label is empty", name)
	case len(label) > maxLabel:
		return fatal("DomainLabelTooLong", "Domain label is too long", name)
	}
	return nil
}

// fatal is how Route 53 words what is wrong with a name or a value.
func fatal(kind, meaning, value string) error {
	return flawf("FATAL problem: %s (%s) encountered with '%s'", kind, meaning, value)
}

// sortKey puts names into Route 53's order: by labels from the right, each
// with its dot, in ASCII order (API page of ListResourceRecordSets). The name
// is canonical.
func sortKey(name string) string {
	labels, err := parseName(name)
	if err != nil {
		return name
	}
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}

// inZone reports whether the canonical name is the zone's or below it.
func inZone(zone, name string) bool {
	return name == zone || strings.HasSuffix(name, "."+zone)
}
