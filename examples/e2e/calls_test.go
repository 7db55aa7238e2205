package e2e_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// calls stands before the stand-ins and counts what the function asks of them,
// whatever number of attempts that takes.
type calls struct {
	mu    sync.Mutex
	count map[string]int
}

// proxy passes on to the endpoint what it is asked, and returns its own endpoint.
func (c *calls) proxy(tb testing.TB, endpoint string) string {
	tb.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	next := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if first(r) {
			c.note(name(r, body))
		}
		next.ServeHTTP(w, r)
	}))
	tb.Cleanup(server.Close)
	return server.URL
}

// first reports whether it is a call's first attempt. The SDK makes another one if
// a connection breaks, which is no more than one call.
func first(r *http.Request) bool {
	attempt := r.Header.Get("Amz-Sdk-Request")
	return attempt == "" || strings.HasPrefix(attempt, "attempt=1;") || attempt == "attempt=1"
}

// name returns DynamoDB's "DescribeTable", EC2's "DescribeAddresses", or Route
// 53's "GET /2013-04-01/hostedzone/Z1".
func name(r *http.Request, body []byte) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, action, _ := strings.Cut(target, ".")
		return action
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		return form.Get("Action")
	}
	return r.Method + " " + r.URL.Path
}

func (c *calls) note(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count == nil {
		c.count = map[string]int{}
	}
	c.count[name]++
}

// take returns the calls since the last time.
func (c *calls) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := maps.Clone(c.count)
	clear(c.count)
	return taken
}
