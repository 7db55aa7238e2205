package dnspolicy

import (
	"fmt"
	"strings"
)

// The limits of RFC 1035, section 2.3.4. maxName is the length in text form
// with the trailing dot; it is one less than the 255 octets on the wire.
const (
	maxLabel = 63
	maxName  = 254
)

// Join appends the suffix (absolute) to a name that is relative to it, and
// returns the absolute name, or ErrInvalidName. The name must consist of
// labels of letters, digits and inner hyphens (RFC 1123, section 2.1), each of
// at most 63, and with the suffix at most 253 characters before the last dot; it
// must not be empty, since the suffix itself is nobody's name, nor end in a dot,
// nor have a wildcard. Upper case becomes lower case; nothing else is mended.
// U-labels are refused: they must have been converted to A-labels before.
func Join(name, suffix string) (string, error) {
	if _, err := CheckName(suffix); err != nil {
		return "", fmt.Errorf("suffix: %w", err)
	}
	if name == "" {
		return "", fmt.Errorf("%w: empty: the suffix itself is nobody's name", ErrInvalidName)
	}
	if strings.HasSuffix(name, ".") {
		return "", fmt.Errorf("%w: %q ends in a dot: a policy's names are relative to the suffix", ErrInvalidName, name)
	}
	return CheckName(name + "." + suffix)
}

// CheckName returns the absolute host name (with trailing dot) in lower case,
// or ErrInvalidName with the first thing that is wrong with it.
func CheckName(name string) (string, error) {
	labels, absolute := strings.CutSuffix(name, ".")
	if !absolute {
		return "", fmt.Errorf("%w: %q is not absolute: it must end in a dot", ErrInvalidName, name)
	}
	if len(name) > maxName {
		return "", fmt.Errorf("%w: %q has %d characters, more than %d", ErrInvalidName, name, len(name), maxName)
	}
	for label := range strings.SplitSeq(labels, ".") {
		if err := checkLabel(label); err != nil {
			return "", fmt.Errorf("%w: %q: %w", ErrInvalidName, name, err)
		}
	}
	return strings.ToLower(name), nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return fmt.Errorf("empty label")
	case len(label) > maxLabel:
		return fmt.Errorf("label %q has %d characters, more than %d", label, len(label), maxLabel)
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Errorf("label %q begins or ends with a hyphen", label)
	}
	for _, c := range label {
		if !isLetterDigitHyphen(c) {
			return fmt.Errorf("label %q has the character %q, which is neither letter, digit nor hyphen", label, c)
		}
	}
	return nil
}

// isACE reports whether the label claims to be an A-label.
func isACE(label string) bool {
	const prefix = "xn--"
	return len(label) >= len(prefix) && strings.EqualFold(label[:len(prefix)], prefix)
}

func isLetterDigitHyphen(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}

// Contains reports whether the absolute name lies in the absolute zone: is
// its apex or ends in it at a label boundary.
func Contains(zone, name string) bool {
	return name == zone || strings.HasSuffix(name, "."+zone)
}

// CoveredByWildcard reports whether a certificate for "*." and the suffix covers
// the name, both absolute: it does if the name is just one label longer (RFC
// 9525, section 6.3).
func CoveredByWildcard(suffix, name string) bool {
	label, below := strings.CutSuffix(name, "."+suffix)
	return below && label != "" && !strings.Contains(label, ".")
}
