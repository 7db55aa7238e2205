package routerpool

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"example.com/customplugin/internal/jsonfile"
	"github.com/eipbinder/eipbinder/eippool"
)

// poolTag is the tag that says to which pool an address belongs.
const poolTag = "pool"

var errBroken = errors.New("the site's files are broken")

type assignments map[string]Assignment // by IP

func (p *Pool) assignmentsPath() string { return filepath.Join(p.folder, "assignments.json") }

func (p *Pool) readAssignments() (assignments, error) {
	assigned, err := jsonfile.Read[assignments](p.assignmentsPath())
	if err == nil && assigned == nil {
		err = fmt.Errorf("%w: %s holds null", errBroken, p.assignmentsPath())
	}
	return assigned, err
}

// readAddresses returns what is on the list and what is assigned, by
// allocation ID. A list that is not understood as a whole is errBroken: half
// of it would make the other half look released.
func (p *Pool) readAddresses(assigned assignments) (map[string]eippool.Address, error) {
	path := filepath.Join(p.folder, "addresses.txt")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all := map[string]eippool.Address{}
	for line := range strings.Lines(string(data)) {
		if err := addLine(all, line); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", errBroken, path, err)
		}
	}
	for id, to := range assigned {
		if err := assign(all, id, to); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// addLine adds the address of a line, if it has one.
func addLine(all map[string]eippool.Address, line string) error {
	line, _, _ = strings.Cut(line, "#")
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return nil
	}
	if len(fields) < 2 || len(fields) > 3 {
		return fmt.Errorf("line %q: want IP, pool and, at will, site", line)
	}
	ip, err := netip.ParseAddr(fields[0])
	if err != nil || !ip.Is4() {
		return fmt.Errorf("line %q: %q is not an IPv4 address", line, fields[0])
	}
	if _, twice := all[ip.String()]; twice {
		return fmt.Errorf("%s is on the list twice", ip)
	}
	a := eippool.Address{AllocationID: ip.String(), IP: ip, Tags: map[string]string{poolTag: fields[1]}}
	if len(fields) == 3 {
		a.NetworkBorderGroup = fields[2]
	}
	all[a.AllocationID] = a
	return nil
}

// assign notes who has the address, on the list or not.
func assign(all map[string]eippool.Address, id string, to Assignment) error {
	ip, err := netip.ParseAddr(id)
	if err != nil || to.AssociationID == "" || to.NetworkInterfaceID == "" {
		return fmt.Errorf("%w: assignment of %q to %+v", errBroken, id, to)
	}
	a, listed := all[id]
	if !listed {
		a = eippool.Address{AllocationID: id, IP: ip}
	}
	a.AssociationID, a.NetworkInterfaceID, a.InstanceID = to.AssociationID, to.NetworkInterfaceID, to.InstanceID
	all[id] = a
	return nil
}
