// Package escape reads and writes domain names as Route 53's API does: every
// character but letters, digits, hyphen, underscore and dot is a backslash and
// three octal digits ("DNS domain name format" in its developer guide).
//
//	escape.Decode(`\052.example.com.`) // *.example.com.
//	escape.Encode("*.example.com.")    // \052.example.com.
//
// A dot or a backslash inside a label has no other form, so these two stay
// escaped in what Decode returns. All of it is safe for concurrent use.
package escape

import (
	"fmt"
	"strings"
)

const octalDigits = 3

// Decode returns the name that Route 53 shows in this form, with the octets that
// it has escaped but for dots and backslashes. Text that is no escape stays as it
// is: there are no errors.
func Decode(shown string) string {
	if !strings.Contains(shown, `\`) {
		return shown
	}
	var b strings.Builder
	for i := 0; i < len(shown); i++ {
		c, ok := octal(shown[i:])
		if !ok || c == '.' || c == '\\' {
			b.WriteByte(shown[i])
			continue
		}
		b.WriteByte(c)
		i += octalDigits
	}
	return b.String()
}

// Encode returns the name as Route 53 takes it. Escapes that are in it already
// stay as they are.
func Encode(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if _, escaped := octal(name[i:]); escaped || isPlain(name[i]) {
			b.WriteByte(name[i])
		} else {
			fmt.Fprintf(&b, `\%03o`, name[i])
		}
	}
	return b.String()
}

// octal reads an escape at the beginning of s.
func octal(s string) (c byte, ok bool) {
	if len(s) <= octalDigits || s[0] != '\\' {
		return 0, false
	}
	value := 0
	for _, d := range []byte(s[1 : 1+octalDigits]) {
		if d < '0' || d > '7' {
			return 0, false
		}
		value = value*8 + int(d-'0')
	}
	return byte(value), value <= 0xff
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.", c) >= 0
}
