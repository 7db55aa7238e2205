package fleettest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/fleettest"
	"github.com/eipbinder/eipbinder/binder/memfleet"
)

// A List fails on its way: what came before the error is not all.
func ExampleIntercept() {
	inner := memfleet.New()
	for _, id := range []string{"i-1", "i-2", "i-3"} {
		inner.Launch(binder.Instance{ID: id})
	}
	fleet := fleettest.Intercept(inner, func(_ context.Context, call string, do func() error) error {
		err := do()
		if call == "List" && err == nil {
			err = errors.New("connection reset by peer")
		}
		return err
	})
	for i, err := range fleet.List(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(i.ID, i.State)
	}
	// Output:
	// i-1 pending
	// i-2 pending
	// connection reset by peer
}
