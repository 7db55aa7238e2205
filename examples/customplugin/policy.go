package main

import (
	"fmt"
	"strings"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// byRack names a worker by its rack, "r4", or by rack and ID, "r4-w2", if
// another worker of the rack has that name.
func byRack(s dnspolicy.Subject) ([]string, error) {
	rack := s.InstanceTags["rack"]
	if _, err := dnspolicy.CheckName(rack + "."); err != nil || strings.Contains(rack, ".") {
		return nil, fmt.Errorf("instance %s: the tag rack=%q is not a label", s.InstanceID, rack)
	}
	return []string{rack, rack + "-" + s.InstanceID}, nil
}
