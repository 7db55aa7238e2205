// Command eipbinder binds Elastic IP addresses and DNS names to workers by
// hand, shows how that works without an AWS account, and serves the simulator
// on which it does:
//
//	go run ./examples/cli demo
//	eipbinder bind i-0123456789abcdef0
//	eipbinder list --json
//	eipbinder sweep --dry-run
//	eipbinder awssim --listen 127.0.0.1:4566
//
// "eipbinder help" lists the commands and the exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/eipbinder/eipbinder/examples/cli/internal/records"
)

func main() { os.Exit(run(os.Args[1:])) }

// run ends the command in order at the first signal; a second one ends the
// process.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return onAWS(os.Getenv).run(ctx, args, os.Stdout, os.Stderr)
}

// run executes one command line and returns its exit code.
func (c cloud) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c.opened = &[]records.Opened{}
	root := newRoot(c)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := errors.Join(root.ExecuteContext(ctx), c.close())
	if text := message(err); text != "" {
		_, _ = fmt.Fprintln(stderr, "eipbinder: "+text) // there is nobody left to tell
	}
	return exitCode(err)
}
