package dnspolicy

import (
	"fmt"
	"strings"
	"time"
)

// TXT returns a Recorder that publishes a text for each binding: the pattern,
// which has the placeholders of [Pattern], but between and in them any printable
// ASCII character other than braces: "pool={tag:karpenter.sh/nodepool}
// id={instance-id}". A tag value with other characters is an error. The TTL is in
// whole seconds, at least one.
//
// The text's name is the binding's name, with the label before it if that is not
// empty. A label that begins with an underscore, such as "_info" (RFC 8552), can
// collide with no worker's name.
//
// For other values, write a [RecorderFunc] that uses [TXTValue].
func TXT(label, pattern string, ttl time.Duration) (Recorder, error) {
	if label != "" {
		if err := checkLabel(strings.TrimPrefix(label, "_")); err != nil {
			return nil, fmt.Errorf("txt: %w: %w", ErrInvalidName, err)
		}
		if len(label) > maxLabel {
			return nil, fmt.Errorf("txt: %w: label %q has %d characters, more than %d", ErrInvalidName, label, len(label), maxLabel)
		}
		label = strings.ToLower(label) + "."
	}
	t, err := parse(pattern, textAlphabet())
	if err != nil {
		return nil, fmt.Errorf("txt: %w", err)
	}
	if err := checkTTL(ttl); err != nil {
		return nil, fmt.Errorf("txt: %w", err)
	}
	return txt{label, t, ttl}, nil
}

type txt struct {
	prefix  string
	pattern template
	ttl     time.Duration
}

// Records returns the TXT record set of the binding.
func (r txt) Records(s Subject, name string) ([]RRSet, error) {
	text, err := r.pattern.expand(s)
	if err != nil {
		return nil, fmt.Errorf("txt: %w", err)
	}
	value, err := TXTValue(text)
	if err != nil {
		return nil, fmt.Errorf("txt: %w", err)
	}
	owner := r.prefix + name
	if len(owner) > maxName {
		return nil, fmt.Errorf("txt: %w: %q has %d characters, more than %d", ErrInvalidName, owner, len(owner), maxName)
	}
	return []RRSet{{RRKey: RRKey{Name: owner, Type: "TXT"}, TTL: r.ttl, Values: []string{value}}}, nil
}

// maxString is the length of a character-string in octets (RFC 1035, section
// 3.3).
const maxString = 255

// TXTValue returns the value of a TXT record in presentation format, as
// [RRSet].Values has it: in quotes, with backslashes before quotes and
// backslashes, and as several strings if the text has more than 255 characters.
// Those that read it join the strings again (RFC 7208, section 3.3). Text that is
// not printable ASCII is ErrInvalid, since name servers disagree on how to write
// other characters: RFC 1035 in decimal, Route 53 in octal.
func TXTValue(text string) (string, error) {
	for _, c := range text {
		if !isPrintable(c) {
			return "", fmt.Errorf("%w: text %q has the character %q, which is not printable ASCII", ErrInvalid, text, c)
		}
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var quoted []string
	for len(text) > maxString {
		quoted = append(quoted, `"`+escape.Replace(text[:maxString])+`"`)
		text = text[maxString:]
	}
	return strings.Join(append(quoted, `"`+escape.Replace(text)+`"`), " "), nil
}

func isPrintable(c rune) bool { return c >= ' ' && c <= '~' }
