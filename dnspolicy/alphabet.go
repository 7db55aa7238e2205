package dnspolicy

import (
	"unicode"
	"unicode/utf8"
)

// alphabet says which characters a pattern may have, and the values in it.
type alphabet struct {
	literal, value         func(rune) bool
	literalName, valueName string
}

// nameAlphabet is for names.
func nameAlphabet() alphabet {
	return alphabet{
		literal:     func(c rune) bool { return c == '.' || inLabel(c) },
		literalName: "letters, digits, hyphens and dots",
		value:       inLabel,
		valueName:   "letters, digits and hyphens",
	}
}

// textAlphabet is for the text of TXT records.
func textAlphabet() alphabet {
	const name = "printable ASCII characters"
	return alphabet{literal: isPrintable, literalName: name, value: isPrintable, valueName: name}
}

// inLabel is true for what a U-label or an A-label may have. It is wider than
// IDNA, which the binder applies; but nothing that it lets pass becomes a dot
// there.
func inLabel(c rune) bool {
	if c < utf8.RuneSelf {
		return isLetterDigitHyphen(c)
	}
	return unicode.In(c, unicode.Letter, unicode.Mark, unicode.Nd)
}
