package awssim

import (
	"strings"
)

// wellFormed reports whether the ID is the prefix and 8 or 17 hexadecimal digits.
func wellFormed(prefix, id string) bool {
	digits, ok := strings.CutPrefix(id, prefix)
	if !ok || len(digits) != 8 && len(digits) != 17 {
		return false
	}
	return strings.Trim(digits, "0123456789abcdef") == ""
}

// notFound is EC2's refusal of IDs that do not exist, with all of them.
func notFound(code, kind string, ids []string) *apiError {
	if len(ids) == 1 {
		return refusef(code, "The %s ID '%s' does not exist", kind, ids[0])
	}
	return refusef(code, "The %s IDs '%s' do not exist", kind, strings.Join(ids, ", "))
}
