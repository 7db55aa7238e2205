package userdata_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

const (
	worker    = "i-0123456789abcdef0"
	account   = "123456789012"
	role      = "media-node"
	region    = "eu-central-1"
	accessKey = "ASIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	session   = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaDGV1LWNlbnRyYWwtMSJHMEUC+Q=="
	token     = "AQAEAExampleOfATokenForTheInstanceMetadataService=="
)

// imds is the instance metadata service, version 2 only. Its first requests for
// each path in failing fail.
type imds struct {
	*httptest.Server

	mu      sync.Mutex
	failing map[string][]int
	bare    int // requests without a token
}

func newIMDS(t *testing.T, failing map[string][]int) *imds {
	t.Helper()
	m := &imds{failing: failing}
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

func (m *imds) withoutToken() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bare
}

func (m *imds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if codes := m.failing[r.URL.Path]; len(codes) > 0 {
		m.failing[r.URL.Path] = codes[1:]
		w.WriteHeader(codes[0])
		return
	}
	if r.URL.Path == "/latest/api/token" {
		if r.Method != http.MethodPut || r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		io.WriteString(w, token)
		return
	}
	if r.Header.Get("X-Aws-Ec2-Metadata-Token") != token {
		m.bare++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.URL.Path {
	case "/latest/meta-data/placement/region":
		io.WriteString(w, region)
	case "/latest/meta-data/iam/security-credentials/":
		io.WriteString(w, role)
	case "/latest/meta-data/iam/security-credentials/" + role:
		fmt.Fprintf(w, "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2026-11-11T21:29:54Z\",\n  \"Type\" : \"AWS-HMAC\",\n"+
			"  \"AccessKeyId\" : %q,\n  \"SecretAccessKey\" : %q,\n  \"Token\" : %q,\n  \"Expiration\" : \"2026-11-12T03:29:54Z\"\n}", accessKey, secretKey, session)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}
