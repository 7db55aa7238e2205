package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// killer runs command lines and passes on what they ask of the cloud. It kills
// one process, at one request.
type killer struct {
	cloud    *cloud
	program  string
	turns    chan struct{} // as many as processes may run at once
	settings []string      // beside the cloud's
	lease    time.Duration // that of the settings

	at      int  // the fatal request, counted over all processes from one; zero: none
	replied bool // the process dies when the reply has come, not before the request is passed on

	requests int
	fatal    string // what the process asked when it died; empty if none has
}

// untilDone runs the command line as often as it says that there is more to do,
// and again at once when it was killed.
func (k *killer) untilDone(tb testing.TB, args ...string) (runs []*process) {
	tb.Helper()
	for began := time.Now(); time.Since(began) < timeout; {
		p, killed, done, retryAfter := k.run(tb, args...)
		runs = append(runs, p)
		switch {
		case done:
			return runs
		case !killed:
			time.Sleep(retryAfter)
		}
	}
	tb.Fatalf("%s is not done after %d runs in %s; the last one says: %s", args, len(runs), timeout, runs[len(runs)-1].stdout.String())
	return nil
}

// run runs the command line once.
func (k *killer) run(tb testing.TB, args ...string) (p *process, killed, done bool, retryAfter time.Duration) {
	tb.Helper()
	k.turns <- struct{}{}
	defer func() { <-k.turns }()
	v := &victim{killer: k, dead: make(chan struct{})}
	server := httptest.NewServer(v)
	defer server.Close() // with all that the process may still have had under way
	url := server.URL
	settings := append([]string{"AWS_ENDPOINT_URL_EC2", url, "AWS_ENDPOINT_URL_ROUTE_53", url, "AWS_ENDPOINT_URL_DYNAMODB", url}, k.settings...)
	began := time.Now()
	v.process = newProcess(tb.Context(), k.program, k.cloud.settings(settings...), args...)
	if err := v.start(); err != nil {
		tb.Fatal(err)
	}
	done, retryAfter, err := v.wait()
	close(v.dead)
	v.mu.Lock()
	defer v.mu.Unlock()
	if late := time.Since(began) > k.lease/2; err != nil && !v.killed && !late {
		tb.Fatal(err) // one that is late may have been too slow for its lease
	}
	for _, problem := range v.problems {
		tb.Error(problem)
	}
	return v.process, v.killed, done && !v.killed, retryAfter
}

// victim is a running process and what stands between it and the cloud.
type victim struct {
	*process
	*killer
	dead chan struct{}

	mu       sync.Mutex
	killed   bool
	problems []string
}

// start starts the process, of which no request is served before it can be
// killed.
func (v *victim) start() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cmd.Start()
}

// ServeHTTP passes one request on at a time, so that none but the fatal one is
// under way when the process dies. What a dead process still asks gets nowhere.
func (v *victim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil || v.killed {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	v.requests++
	if v.requests != v.at {
		v.cloud.forward(w, r)
		return
	}
	v.fatal = name(r, body)
	if v.replied {
		reply := httptest.NewRecorder()
		if v.cloud.forward(reply, r); reply.Code >= http.StatusInternalServerError {
			v.problems = append(v.problems, v.fatal+": the cloud answers "+http.StatusText(reply.Code))
		}
	}
	v.kill()
	panic(http.ErrAbortHandler)
}

// kill returns when the process is dead: it hears nothing of what comes after.
func (v *victim) kill() {
	v.killed = true
	if err := v.cmd.Process.Kill(); err != nil {
		v.problems = append(v.problems, err.Error())
		return
	}
	<-v.dead
}

// forward passes a request on to the service that it is for.
func (c *cloud) forward(w http.ResponseWriter, r *http.Request) {
	endpoint := c.ec2Endpoint
	switch {
	case r.Header.Get("X-Amz-Target") != "":
		endpoint = c.dynamodbEndpoint
	case strings.HasPrefix(r.URL.Path, "/2013-04-01/"):
		endpoint = c.route53Endpoint
	}
	target, err := url.Parse(endpoint)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
}
