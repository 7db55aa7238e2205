package dnspolicy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// field is what a placeholder names.
type field struct {
	ofInstance bool
	dotted     bool // the value may have dots
	value      func(Subject) (string, error)
}

const fieldNames = "{instance-id}, {zone}, {instance-type}, {private-ip}, {tag:KEY}, {ip}, {dotted-ip}, {allocation-id} or {address-tag:KEY}"

func fieldOf(name string) (*field, error) {
	if key, ok := strings.CutPrefix(name, "tag:"); ok {
		return &field{ofInstance: true, value: instanceTag(key)}, checkKey(key)
	}
	if key, ok := strings.CutPrefix(name, "address-tag:"); ok {
		return &field{value: addressTag(key)}, checkKey(key)
	}
	switch name {
	case "instance-id":
		return &field{ofInstance: true, value: known("instance ID", func(s Subject) string { return s.InstanceID })}, nil
	case "zone":
		return &field{ofInstance: true, value: known("availability zone", func(s Subject) string { return s.AvailabilityZone })}, nil
	case "instance-type":
		return &field{ofInstance: true, value: known("instance type", func(s Subject) string { return dashed(s.InstanceType) })}, nil
	case "private-ip":
		return &field{ofInstance: true, value: privateIP}, nil
	case "allocation-id":
		return &field{value: known("allocation ID", func(s Subject) string { return s.Address.AllocationID })}, nil
	case "ip":
		return &field{value: func(s Subject) (string, error) { ip, err := publicIP(s); return dashed(ip), err }}, nil
	case "dotted-ip":
		return &field{dotted: true, value: publicIP}, nil
	}
	return nil, fmt.Errorf("there is no placeholder {%s}: use %s", name, fieldNames)
}

func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("the tag's key is missing: write it after the colon, such as {tag:team}")
	case strings.TrimSpace(key) != key:
		return fmt.Errorf("the tag's key %q begins or ends with a space: remove it", key)
	}
	return nil
}

func dashed(dotted string) string { return strings.ReplaceAll(dotted, ".", "-") }

func known(what string, value func(Subject) string) func(Subject) (string, error) {
	return func(s Subject) (string, error) {
		v := value(s)
		if v == "" {
			return "", fmt.Errorf("subject has no %s", what)
		}
		return v, nil
	}
}

func publicIP(s Subject) (string, error) {
	if !s.Address.IP.Is4() {
		return "", noIPv4(s.Address)
	}
	return s.Address.IP.String(), nil
}

func privateIP(s Subject) (string, error) {
	switch {
	case s.PrivateIP == netip.Addr{}:
		return "", errors.New("subject has no private IP")
	case !s.PrivateIP.Is4():
		return "", fmt.Errorf("private IP %v is not an IPv4 address", s.PrivateIP)
	}
	return dashed(s.PrivateIP.String()), nil
}

func instanceTag(key string) func(Subject) (string, error) {
	return func(s Subject) (string, error) { return tagOf("instance "+s.InstanceID, s.InstanceTags, key) }
}

func addressTag(key string) func(Subject) (string, error) {
	return func(s Subject) (string, error) { return tagOf("address "+s.Address.AllocationID, s.Address.Tags, key) }
}

func tagOf(owner string, tags map[string]string, key string) (string, error) {
	value, ok := tags[key]
	switch {
	case !ok:
		return "", fmt.Errorf("%s has no tag %q", owner, key)
	case value == "":
		return "", fmt.Errorf("%s has the tag %q, but it is empty", owner, key)
	}
	return value, nil
}
