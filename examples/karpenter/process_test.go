package karpenter

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that runs until the test ends.
type process struct {
	name   string
	cmd    *exec.Cmd
	log    *transcript
	exited chan struct{}
}

// start starts a program with these settings, and nothing else in its
// environment.
func start(tb testing.TB, settings []string, program string, args ...string) *process {
	tb.Helper()
	p := &process{name: program[strings.LastIndex(program, "/")+1:], log: &transcript{}, exited: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Env = settings
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.exited) }()
	tb.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended by itself
		<-p.exited
		if tb.Failed() {
			tb.Logf("the end of %s's log:\n%s", p.name, p.log.tail(40))
		}
	})
	return p
}

// mustRun fails the test if the program has ended.
func (p *process) mustRun(tb testing.TB) {
	tb.Helper()
	select {
	case <-p.exited:
		tb.Fatalf("%s ended: %s", p.name, p.cmd.ProcessState)
	default:
	}
}

// interrupt ends the program as Kubernetes does, and returns its exit status.
func (p *process) interrupt(tb testing.TB) int {
	tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		tb.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(timeout):
		tb.Fatalf("%s does not end at SIGTERM", p.name)
	}
	return p.cmd.ProcessState.ExitCode()
}

// transcript is what a program writes. It is safe for concurrent use.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// tail returns the last lines.
func (t *transcript) tail(n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(t.text.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
