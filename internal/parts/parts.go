// Package parts starts the programs that tests use in place of AWS, each for
// one test, on a free port of the loopback interface:
//
//	endpoint := parts.Dynoxide(t)
//	client := dynamodb.New(dynamodb.Options{
//		BaseEndpoint: &endpoint,
//		Region:       "eu-central-1",
//		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
//	})
//
// A test is skipped where the program is missing, unless the environment
// variable EIPBINDER_REQUIRE_PARTS is set: then it fails, so that CI cannot
// pass by skipping. The functions are safe for concurrent use.
package parts

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Moto starts moto_server, a stand-in for many of AWS's services, and returns
// its endpoint. It runs until the test ends.
func Moto(tb testing.TB) (endpoint string) {
	tb.Helper()
	program, err := exec.LookPath("moto_server")
	if err != nil {
		missing(tb, "moto_server is missing: pip install 'moto[server]'")
	}
	return serve(tb, program, func(host, port string) []string { return []string{"-H", host, "-p", port} })
}

// Dynoxide starts dynoxide, a stand-in for DynamoDB, and returns its
// endpoint. It runs until the test ends. The environment variable DYNOXIDE
// may name the program.
func Dynoxide(tb testing.TB) (endpoint string) {
	tb.Helper()
	program, err := exec.LookPath(cmp.Or(os.Getenv("DYNOXIDE"), "dynoxide"))
	if err != nil {
		program = findUpwards(tb, ".ci/node_modules/@dynoxide/linux-x64/dynoxide")
	}
	if program == "" {
		missing(tb, "dynoxide is missing: npm install --prefix .ci")
	}
	return serve(tb, program, func(host, port string) []string { return []string{"serve", "--host", host, "-p", port} })
}

func missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("EIPBINDER_REQUIRE_PARTS") != "" {
		tb.Fatal(what)
	}
	tb.Skip(what)
}

// findUpwards returns the path of the file in the working directory or the
// nearest one above it, up to the root of the module tree; "" if there is none.
func findUpwards(tb testing.TB, name string) string {
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if path := filepath.Join(dir, name); exists(path) {
			return path
		}
		if exists(filepath.Join(dir, "go.work")) {
			return ""
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func freePort(tb testing.TB) (host, port string) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	host, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return host, port
}

// serve starts the program on a free port, with the arguments for it, and waits
// until it answers HTTP. A port may be somebody else's by then: such a program
// ends, and is started on another one.
func serve(tb testing.TB, program string, args func(host, port string) []string) (endpoint string) {
	tb.Helper()
	for attempt := 1; ; attempt++ {
		host, port := freePort(tb)
		endpoint, err := start(tb, host, port, program, args(host, port)...)
		if err == nil {
			return endpoint
		}
		if attempt == 3 {
			tb.Fatal(err)
		}
		tb.Logf("once more on another port: %v", err)
	}
}

// start runs the program and waits until it says that it listens on the port,
// and answers HTTP: somebody else's server may answer there, before a program
// that lost the port to it has ended. The program gets a process group of its
// own, which is what ends with the test: it may be a launcher (moto_server often
// is pyenv's) whose child does the work.
func start(tb testing.TB, host, port, program string, args ...string) (endpoint string, err error) {
	tb.Helper()
	var output transcript
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("starting %s: %w", program, err)
	}
	ended := make(chan struct{})
	var end error
	go func() {
		end = cmd.Wait()
		close(ended)
	}()
	tb.Cleanup(func() {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			tb.Errorf("stopping %s: %v", program, err)
		}
		<-ended
	})
	listens := net.JoinHostPort(host, port)
	endpoint = "http://" + listens
	deadline := time.After(time.Minute)
	for {
		select {
		case <-ended:
			return "", fmt.Errorf("%s ended before it answered: %w\n%s", program, end, output.String())
		case <-deadline:
			return "", fmt.Errorf("%s does not say that it listens on %s, or does not answer there, within a minute:\n%s", program, listens, output.String())
		case <-time.After(10 * time.Millisecond):
			if strings.Contains(output.String(), listens) && answers(endpoint) {
				return endpoint, nil
			}
		}
	}
}

// transcript is what a program has written so far. It is safe for concurrent
// use.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// answers reports whether anything that speaks HTTP answers, whatever it says.
func answers(endpoint string) bool {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(endpoint)
	if err != nil {
		return false
	}
	response.Body.Close()
	return true
}
