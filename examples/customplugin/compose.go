package main

import (
	"context"
	"path/filepath"

	"example.com/customplugin/filestore"
	"example.com/customplugin/routerpool"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
)

// newBinder composes the plug-ins of this module with a fleet and a zone.
func newBinder(folder string, fleet binder.Fleet, zone dnspolicy.Zone) (*binder.Binder, error) {
	pool, err := routerpool.New(folder, "media", stateIn(fleet))
	if err != nil {
		return nil, err
	}
	return binder.New(binder.Backends{
		Fleet:  fleet,
		Pool:   pool,
		Policy: dnspolicy.PolicyFunc(byRack),
		Zone:   zone,
		Store:  filestore.New(filepath.Join(folder, "records")),
	}, func(o *binder.Options) { o.Suffix = "media.example.com" })
}

// stateIn makes the fleet tell the pool the states of interfaces.
func stateIn(fleet binder.Fleet) routerpool.StateFunc {
	return func(ctx context.Context, networkInterfaceID string) (string, error) {
		for i, err := range fleet.List(ctx) {
			if err != nil || i.NetworkInterfaceID == networkInterfaceID {
				return string(i.State), err
			}
		}
		return "", nil
	}
}
