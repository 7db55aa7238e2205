// Package routerpool is an [eippool.Pool] for a site with routers of its own.
// The public addresses are the lines of the file addresses.txt, which people
// edit; which machine has which of them is in the file assignments.json, which
// the routers' agents read.
//
//	pool, err := routerpool.New("/srv/edge", "media", state)
//	if err != nil {
//		return err
//	}
//	target := eippool.Target{InstanceID: "rack4-07", NetworkInterfaceID: "rack4-07-eth0"}
//	associationID, err := pool.Associate(ctx, "203.0.113.7", target)
//
// A line of the list is an IP, the pool that it belongs to, and, where it
// matters, the site that announces it: the network border group.
//
//	# the uplinks of Hamburg
//	203.0.113.7  media   hamburg
//	203.0.113.8  office  hamburg
//
// An IP is its own allocation ID, the pool its only tag. One that is taken off
// the list while a machine has it is outside the pool, and exists until the
// machine gives it back. Edit the list by renaming a new file over it: half a
// list reads as if the other half had been given up.
//
// A Pool is safe for concurrent use, also by several processes.
package routerpool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"example.com/customplugin/internal/jsonfile"
	"github.com/eipbinder/eipbinder/eippool"
)

// StateFunc tells in which state (in EC2's words, such as "running") the
// machine with this network interface is; "" if the site does not know it. It
// is called concurrently. Associate returns its error as it is.
type StateFunc func(ctx context.Context, networkInterfaceID string) (string, error)

// Assignment says who has an address. The file assignments.json maps IPs to
// these, and at first holds {}.
type Assignment struct {
	AssociationID      string `json:"associationId"`
	NetworkInterfaceID string `json:"networkInterfaceId"`
	InstanceID         string `json:"instanceId"`
}

// Pool is the addresses of one pool of the site. Make one with New.
type Pool struct {
	folder string
	name   string
	state  StateFunc
}

var _ eippool.Pool = (*Pool)(nil)

// New returns the pool of this name with the files of this folder. All three
// are required: ErrInvalid. It does no I/O.
func New(folder, name string, state StateFunc) (*Pool, error) {
	if folder == "" || name == "" || state == nil {
		return nil, fmt.Errorf("%w: routerpool.New needs a folder, a name and a StateFunc", eippool.ErrInvalid)
	}
	return &Pool{folder: folder, name: name, state: state}, nil
}

// List implements [eippool.Pool].
func (p *Pool) List(ctx context.Context) ([]eippool.Address, error) {
	return p.find(ctx, func(a eippool.Address) bool { return a.Tags[poolTag] == p.name })
}

// Lookup implements [eippool.Pool].
func (p *Pool) Lookup(ctx context.Context, allocationIDs ...string) ([]eippool.Address, error) {
	wanted := map[string]bool{}
	for _, id := range allocationIDs {
		wanted[id] = true
	}
	return p.find(ctx, func(a eippool.Address) bool { return wanted[a.AllocationID] })
}

func (p *Pool) find(ctx context.Context, match func(eippool.Address) bool) ([]eippool.Address, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	assigned, err := p.readAssignments()
	if err != nil {
		return nil, wrap(err)
	}
	all, err := p.readAddresses(assigned)
	if err != nil {
		return nil, wrap(err)
	}
	var found []eippool.Address
	for _, a := range all {
		if match(a) {
			found = append(found, a)
		}
	}
	return found, nil
}

// change gives the assignments to do, which may change them, and stores what it
// made of them, while nobody else does so. If do fails, nothing is stored.
func (p *Pool) change(ctx context.Context, do func(assignments) error) error {
	held, err := jsonfile.Lock(ctx, p.folder)
	if err != nil {
		return wrap(err)
	}
	defer held.Close()
	assigned, err := p.readAssignments()
	if err != nil {
		return wrap(err)
	}
	if err := do(assigned); err != nil {
		return wrap(err)
	}
	return wrap(jsonfile.Write(p.assignmentsPath(), assigned))
}

// wrap adds the sentinel to errors of the files that have one.
func wrap(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, jsonfile.ErrBroken), errors.Is(err, errBroken):
		return fmt.Errorf("%w: %w", eippool.ErrInvalid, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", eippool.ErrDenied, err)
	}
	return err
}
