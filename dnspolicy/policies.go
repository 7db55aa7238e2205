package dnspolicy

import (
	"errors"
	"fmt"
)

// DottedIP names an address by its IP as it is written: "203.0.113.7". Each
// part is a label of its own, so no wildcard certificate covers the name. It
// is the form that existing record tables have.
func DottedIP() AddressPolicy {
	return builtInAddress{example{"DottedIP", "0.0.0.0"}, func(a Address) ([]string, error) {
		if !a.IP.Is4() {
			return nil, noIPv4(a)
		}
		return []string{a.IP.String()}, nil
	}}
}

// DashedIP names an address by its IP in one label: "ip-203-0-113-7". A
// wildcard certificate for the suffix covers it.
func DashedIP() AddressPolicy {
	return builtInAddress{example{"DashedIP", "ip-0-0-0-0"}, func(a Address) ([]string, error) {
		if !a.IP.Is4() {
			return nil, noIPv4(a)
		}
		return []string{"ip-" + dashed(a.IP.String())}, nil
	}}
}

// InstanceID names a binding by its instance: "i-0abc".
func InstanceID() Policy {
	return builtIn{example{"InstanceID", "0"}, func(s Subject) ([]string, error) {
		if s.InstanceID == "" {
			return nil, errors.New("subject has no instance ID")
		}
		return []string{s.InstanceID}, nil
	}}
}

func noIPv4(a Address) error {
	return fmt.Errorf("address %s: %v is not an IPv4 address", a.AllocationID, a.IP)
}
