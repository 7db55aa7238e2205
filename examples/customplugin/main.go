// Command customplugin is what a platform team writes that has machines,
// addresses and records of its own: a naming policy (byRack), a pool
// (routerpool) and a store (filestore), composed to a binder (newBinder). It
// uses eipbinder as everybody else may, and compiles no SDK of a cloud.
//
// Run as a program, it binds two machines in memory and takes one binding
// back:
//
//	GOWORK=off go run .
//
// It does nothing concurrently, but all of its parts are safe for it.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
)

func main() {
	folder, err := os.MkdirTemp("", "customplugin")
	if err != nil {
		log.Fatal(err)
	}
	err = demonstrate(context.Background(), os.Stdout, folder)
	if err := errors.Join(err, os.RemoveAll(folder)); err != nil {
		log.Fatal(err)
	}
}

// demonstrate binds two machines of one rack, and then loses the first.
func demonstrate(ctx context.Context, out io.Writer, folder string) error {
	if err := layOut(folder); err != nil {
		return err
	}
	zone, err := memzone.New("example.com.")
	if err != nil {
		return err
	}
	fleet := memfleet.New()
	b, err := newBinder(folder, fleet, zone)
	if err != nil {
		return err
	}
	if err := b.Check(ctx); err != nil {
		return err
	}
	for _, id := range []string{"w1", "w2"} {
		fleet.Launch(binder.Instance{ID: id, State: binder.Running, Tags: map[string]string{"rack": "r4"}})
		if err := reconcile(ctx, out, b, id); err != nil {
			return err
		}
	}
	fleet.SetState("w1", binder.Terminated)
	return reconcile(ctx, out, b, "w1")
}

// layOut makes the files of a new site.
func layOut(folder string) error {
	write := func(name, content string) error {
		return os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644)
	}
	return errors.Join(
		write("addresses.txt", "203.0.113.7 media\n203.0.113.8 media\n203.0.113.9 office\n"),
		write("assignments.json", "{}"),
		os.Mkdir(filepath.Join(folder, "records"), 0o755),
		write("records/store.json", "{}"),
	)
}

func reconcile(ctx context.Context, out io.Writer, b *binder.Binder, id string) error {
	outcomes, err := b.Reconcile(ctx, id)
	for _, o := range outcomes {
		fmt.Fprintln(out, o.InstanceID, o.Status, cmp.Or(o.Name, o.Reason))
	}
	return err
}
