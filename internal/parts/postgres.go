package parts

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// PostgreSQL starts a PostgreSQL server with an empty database, and returns
// its URL. It runs until the test ends. The environment variable POSTGRES may
// name the program; initdb and pg_isready must be beside it.
func PostgreSQL(tb testing.TB) (url string) {
	tb.Helper()
	program := findPostgres()
	if program == "" {
		missing(tb, "postgres is missing: apt-get install postgresql")
	}
	programs := filepath.Dir(program)
	dir := postgresFolder(tb)
	run(tb, filepath.Join(programs, "initdb"), "-D", dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	host, port := freePort(tb)
	// Without fsync and Unix socket: what is in the folder goes with the test.
	startPostgres(tb, exec.Command(program, "-D", dir, "-h", host, "-p", port, "-k", "", "-F"), func() bool {
		return exec.Command(filepath.Join(programs, "pg_isready"), "-h", host, "-p", port).Run() == nil
	})
	return fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", net.JoinHostPort(host, port))
}

// findPostgres returns the path of the server, "" if there is none. Debian
// does not put it on the PATH. What lies there may be a link to the folder
// that has the other programs.
func findPostgres() string {
	named := os.Getenv("POSTGRES")
	if program, err := exec.LookPath(cmp.Or(named, "postgres")); err == nil {
		if target, err := filepath.EvalSymlinks(program); err == nil {
			return target
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || named != "" || len(found) == 0 {
		return ""
	}
	return slices.Max(found)
}

// postgresFolder makes a folder that belongs to the server's user. It is not
// below the test's own folder, which only the test's user may enter.
func postgresFolder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "postgres") //nolint:usetesting // see above
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("removing %s: %v", dir, err)
		}
	})
	if as := serverUser(tb); as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// serverUser returns the user nobody for root, whom the server refuses, and
// nil for everybody else.
func serverUser(tb testing.TB) *syscall.Credential {
	tb.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		tb.Fatal(err)
	}
	var ids [2]uint64
	for n, id := range []string{nobody.Uid, nobody.Gid} {
		if ids[n], err = strconv.ParseUint(id, 10, 32); err != nil {
			tb.Fatal(err)
		}
	}
	return &syscall.Credential{Uid: uint32(ids[0]), Gid: uint32(ids[1])}
}

func run(tb testing.TB, program string, args ...string) {
	tb.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = "/" // the server's user may not enter the test's folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: serverUser(tb)}
	if output, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", program, err, output)
	}
}

// startPostgres starts the server and waits until it is ready. At the test's
// end it gets SIGQUIT, at which it ends its own processes, gives back its
// shared memory and saves nothing.
func startPostgres(tb testing.TB, cmd *exec.Cmd, ready func() bool) {
	tb.Helper()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: serverUser(tb), Setpgid: true}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("starting %s: %v", cmd.Path, err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- cmd.Wait()
		close(ended)
	}()
	tb.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			tb.Errorf("stopping %s: %v", cmd.Path, err)
		}
		for range ended { // drained: until Wait has returned
		}
	})
	deadline := time.After(time.Minute)
	for !ready() {
		select {
		case err := <-ended:
			tb.Fatalf("%s ended before it was ready: %v\n%s", cmd.Path, err, output.String())
		case <-deadline:
			tb.Fatalf("%s is not ready within a minute", cmd.Path)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
