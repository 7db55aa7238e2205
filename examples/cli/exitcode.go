package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/binder"
)

// The exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitWaiting = 3
)

// exitHelp documents them.
const exitHelp = `Exit codes:
  0  done; also a dry run, whatever there is to do, and a sweep with findings
  1  failed, or interrupted; also a sweep that would take back too much at once
  2  usage or configuration: the message says what to change
  3  waiting: not done yet (busy, not ready, exhausted or paused), come back later`

// errUsage marks what the user has to change: the command line or the
// configuration.
var errUsage = errors.New("usage or configuration")

// errWaiting says that the outcome, which is shown, is a waiting one.
var errWaiting = errors.New("waiting")

// usageError is errUsage without showing the mark's text.
type usageError struct{ error }

func (e usageError) Is(target error) bool { return target == errUsage }
func (e usageError) Unwrap() error        { return e.error }

// usage marks an error, if it is one.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// usageArgs makes an argument check's error one of usage.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{errors.New(err.Error() + "; see " + cmd.CommandPath() + " --help")}
		}
		return nil
	}
}

// exitCode maps a command's error. A sweep that is stopped by a pause goes on
// by itself when that ends, like any other command. One that is stopped by the
// cap on what it takes back never does: somebody has to look at it.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errUsage), errors.Is(err, binder.ErrConfig):
		return exitUsage
	case errors.Is(err, errWaiting), errors.Is(err, binder.ErrPaused):
		return exitWaiting
	}
	return exitFailed
}

// message is what to tell of a command's error; empty if that is shown already.
func message(err error) string {
	switch {
	case err == nil, errors.Is(err, errWaiting):
		return ""
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	return err.Error()
}
