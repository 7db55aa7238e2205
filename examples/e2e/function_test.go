package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// buildFolder is where the program is built: once, and only if a test wants it.
var buildFolder string

func TestMain(m *testing.M) {
	var err error
	if buildFolder, err = os.MkdirTemp("", "eipbinder-e2e-"); err != nil {
		panic(err)
	}
	status := m.Run()
	if err := os.RemoveAll(buildFolder); err != nil {
		panic(err)
	}
	os.Exit(status)
}

// program is the Lambda function as build.sh makes it, for this machine.
var program = sync.OnceValues(func() (string, error) {
	output, err := exec.Command("../lambda/build.sh", "-o", buildFolder, runtime.GOARCH).CombinedOutput()
	if err != nil {
		return string(output), err
	}
	return filepath.Join(buildFolder, runtime.GOARCH, "bootstrap"), nil
})

func programFor(tb testing.TB) string {
	tb.Helper()
	if runtime.GOOS != "linux" {
		tb.Skip("Lambda functions are Linux programs")
	}
	path, err := program()
	if err != nil {
		tb.Fatalf("build.sh: %v\n%s", err, path)
	}
	return path
}

// function is a running process of the Lambda function.
type function struct {
	api     *runtimeAPI
	log     *log // standard error
	out     *log // standard output
	exited  chan error
	process *os.Process
	stop    func() // kills the process; all that it wrote is in log and out then
}

// start starts the function with these settings, and nothing else in its
// environment. It is killed when the test ends, as Lambda does. What it has written
// must be a log in JSON, and metrics.
func start(tb testing.TB, settings map[string]string) *function {
	tb.Helper()
	f := &function{api: newRuntimeAPI(tb), log: &log{}, out: &log{}, exited: make(chan error, 1)}
	cmd := exec.Command(programFor(tb))
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + f.api.address}
	for name, value := range settings {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = f.out, f.log
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	f.process = cmd.Process
	ended := make(chan struct{})
	go func() { f.exited <- cmd.Wait(); close(ended) }()
	f.stop = func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		<-ended
	}
	tb.Cleanup(func() {
		f.stop()
		wantJSON(tb, f.log.String())
		metricsOf(tb, cmp.Or(settings["EIPBINDER_BINDER_ID"], "eipbinder"), f.out.String())
		if tb.Failed() {
			tb.Logf("the function's log:\n%s%s", f.log, f.out)
		}
	})
	return f
}

// invoke gives the function an event and returns the answer.
func (f *function) invoke(tb testing.TB, event json.RawMessage) answer {
	tb.Helper()
	deadline := time.After(f.api.timeout + timeout) // it may start first
	select {
	case f.api.events <- event:
	case a := <-f.api.initErrors:
		tb.Fatalf("the function does not start: %s", a.body)
	case <-deadline:
		tb.Fatal("the function does not ask for an event")
	}
	select {
	case a := <-f.api.answers:
		return a
	case err := <-f.exited:
		tb.Fatalf("the function ended: %v", err)
	case <-deadline:
		tb.Fatal("the function does not answer in time")
	}
	panic("unreachable")
}

// initError waits for the function to give up at its start, and returns what
// it says.
func (f *function) initError(tb testing.TB) string {
	tb.Helper()
	select {
	case err := <-f.exited:
		if err == nil {
			tb.Error("the process exits with status 0 after an error at its start")
		}
	case f.api.events <- json.RawMessage(`{}`):
		tb.Fatal("the function starts")
	case <-time.After(timeout):
		tb.Fatal("the function neither starts nor ends")
	}
	select {
	case a := <-f.api.initErrors:
		return message(tb, a)
	default:
		tb.Fatal("the function ended without telling Lambda why")
	}
	panic("unreachable")
}

// message returns the text of an error that Lambda is told.
func message(tb testing.TB, a answer) string {
	tb.Helper()
	var e struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || !a.failed || e.ErrorType == "" || e.ErrorMessage == "" {
		tb.Fatalf("not an error for Lambda (%v): %s", err, a.body)
	}
	return e.ErrorMessage
}

// log collects what a process writes.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// lines returns the log's lines that contain the text.
func (l *log) lines(text string) []string {
	var found []string
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}
