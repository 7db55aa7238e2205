package dnspolicy

import "fmt"

// Pattern returns a Policy that names bindings by a text with placeholders:
//
//	{tag:karpenter.sh/nodepool}-{ip}          media-203-0-113-7
//	{tag:team|lower|cut:20|replace:_:-}-{ip}  sip-edge-203-0-113-7
//	{instance-id}.{zone}                      i-0abc.eu-central-1b
//
// It is a [PerAddressPolicy] if no placeholder names anything of the instance.
//
// # Text
//
// Outside of placeholders, a pattern has letters and digits of any script,
// hyphens, and dots, which separate labels.
//
// # Placeholders
//
// Of the instance:
//
//	{instance-id}      i-0abc
//	{zone}             eu-central-1b
//	{instance-type}    c7gn-2xlarge, with a hyphen for the dot
//	{private-ip}       10-0-1-7
//	{tag:KEY}          the value of the instance's tag KEY
//
// Of the address:
//
//	{ip}               203-0-113-7
//	{dotted-ip}        203.0.113.7, which is four labels
//	{allocation-id}    eipalloc-0a1b
//	{address-tag:KEY}  the value of the address's tag KEY
//
// A KEY is everything up to the next "|" or "}", so it may have colons, slashes,
// dots and spaces inside, but none of the three characters "{", "|" and "}", nor
// a space at either end.
//
// # Functions
//
// Functions change the value, from left to right, each after a "|":
//
//	lower              in lower case
//	cut:N              the first N characters, at least 1
//	replace:OLD:NEW    NEW in place of each OLD
//
// OLD has at least one character, and ends at the first colon after that one: so
// "replace:::-" replaces colons by hyphens. NEW may be empty; it has letters,
// digits and hyphens only.
//
// # Values
//
// A value, after the functions, is text in a label: letters and digits of any
// script, and hyphens. Any other character is an error when a binding is named,
// and so is a value that is missing or empty: it names the placeholder. Only
// {dotted-ip} has dots, so whoever writes a tag cannot add a label. Too long
// names, and labels that begin or end with a hyphen, are refused by [Join]; if not
// even the shortest value makes a name that is valid under the suffix, the policy
// is refused at once ([Validator]).
//
// # Errors
//
// Everything that is wrong with the pattern itself is ErrInvalid, with the place
// in it and what to write instead. That includes text that leaves no name valid:
// an empty label, one that is too long, one with a hyphen at an end, one that
// begins with "xn--" and has a placeholder; and a pattern without any
// placeholder, which would name one worker only. Another pattern may do the
// same: with "{tag:team}" all workers of a team want the same name. The first one
// gets it; the others find it taken, and are not bound. So name something that
// tells workers apart, or give another name in a [Fallback].
func Pattern(text string) (Policy, error) {
	t, err := parsePattern(text)
	if err != nil {
		return nil, err
	}
	for _, p := range t.placeholders() {
		if p.field.ofInstance {
			return builtIn{example{t.called(), t.example()}, t.names}, nil
		}
	}
	return PerAddress(t.addressPolicy(t.called())), nil
}

// AddressPattern returns an AddressPolicy that names addresses by a pattern. It
// is what [Pattern] is, but a placeholder of the instance is ErrInvalid.
func AddressPattern(text string) (AddressPolicy, error) {
	t, err := parsePattern(text)
	if err != nil {
		return nil, err
	}
	for _, p := range t.placeholders() {
		if p.field.ofInstance {
			return nil, patternError(text, p.offset, "%s is of the instance; the name of an address has only {ip}, {dotted-ip}, {allocation-id} and {address-tag:KEY}", p.text)
		}
	}
	return t.addressPolicy(t.called()), nil
}

func parsePattern(text string) (template, error) {
	t, err := parseNames(text)
	if err == nil && len(t.placeholders()) == 0 {
		err = fmt.Errorf("%w: pattern %q has no placeholder, so only one worker could have the name: add one, such as {ip} or {instance-id}", ErrInvalid, text)
	}
	return t, err
}
