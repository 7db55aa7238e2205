package karpenter

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// isolated says that this process is the one in a network of its own.
	isolated = "EIPBINDER_TEST_ISOLATED"
	// controllerProgram names the controller's program; without, it is built.
	controllerProgram = "EIPBINDER_TEST_CONTROLLER"
)

// TestMain runs the tests in a process that has a network of its own, since
// Karpenter listens on all of a machine's, and process numbers of its own, so
// that all programs end with it. Where that is not allowed, they run as they are.
func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	if os.Getenv(isolated) != "" {
		if err := loopbackUp(); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	os.Exit(prepared(m))
}

// prepared runs the tests with what has to be made before: what builds programs
// may need the network.
func prepared(m *testing.M) int {
	if os.Getenv(assets) == "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "eipbinder-karpenter-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if os.Getenv(controllerProgram) == "" {
		program := filepath.Join(dir, "controller")
		build := exec.Command("go", "build", "-race", "-o", program, ".")
		build.Dir = "../controller"
		if output, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the controller: %v\n%s", err, output)
			return 1
		}
		if err := os.Setenv(controllerProgram, program); err != nil {
			panic(err)
		}
	}
	status, err := runIsolated()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Karpenter listens on all of this machine's networks, since it cannot have one of its own:", err)
		return m.Run()
	}
	return status
}

// runIsolated runs this program once more, and returns its status.
func runIsolated() (int, error) {
	runtime.LockOSThread() // Pdeathsig is about the thread
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), isolated+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWPID,
		Pdeathsig:  unix.SIGKILL,
	}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var failed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// loopbackUp does what "ip link set lo up" does.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo)
}
