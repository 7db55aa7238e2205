package dnspolicy

import "fmt"

// Slot names an address by the value of one of its tags, such as "sfu-007": the
// address is the slot, and whichever instance holds it has its name. The value
// must be the text of one label. A tag that is missing or empty is an error that
// names it, and so is a value with a dot. Give no two addresses the same value:
// the second one then finds its name taken.
//
// An empty key is ErrInvalid.
func Slot(tagKey string) (AddressPolicy, error) {
	if tagKey == "" {
		return nil, fmt.Errorf("%w: slot: the tag's key is empty", ErrInvalid)
	}
	slot := template{alphabet: nameAlphabet(), parts: []part{{
		text:  fmt.Sprintf("slot %q", tagKey),
		field: &field{value: addressTag(tagKey)},
	}}}
	return slot.addressPolicy(slot.parts[0].text), nil
}
