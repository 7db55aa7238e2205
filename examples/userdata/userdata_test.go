// Package userdata_test runs the user data's script as an instance does, against an
// instance metadata service and an API that checks signatures, both on loopback.
package userdata_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// run is one run of the script: its exit code, what it said, and for how many
// seconds it would have slept each time.
type run struct {
	code   int
	said   string
	delays []int
}

// script runs bind.sh with these settings, and with a "sleep" that only notes.
func script(t *testing.T, settings ...string) run {
	t.Helper()
	folder := t.TempDir()
	notes := filepath.Join(folder, "delays")
	stub := "#!/bin/sh\necho \"$1\" >>'" + notes + "'\n"
	if err := os.WriteFile(filepath.Join(folder, "sleep"), []byte(stub), 0o700); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "bash", "bind.sh")
	command.Env = append([]string{"PATH=" + folder + ":" + os.Getenv("PATH"), "HOME=" + folder}, settings...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	var r run
	var exit *exec.ExitError
	if err := command.Run(); errors.As(err, &exit) {
		r.code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	r.said = said.String()
	noted, err := os.ReadFile(notes)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for field := range strings.FieldsSeq(string(noted)) {
		delay, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		r.delays = append(r.delays, delay)
	}
	for _, secret := range []string{secretKey, session, token} {
		if strings.Contains(r.said, secret) {
			t.Errorf("it tells a secret: %s", r.said)
		}
	}
	return r
}

func settings(m *imds, a *api) []string {
	return []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + m.URL, "EIPBINDER_URL=" + a.URL}
}

// within: each delay is between the two of its place.
func within(delays []int, bounds [][2]int) bool {
	if len(delays) != len(bounds) {
		return false
	}
	for i, b := range bounds {
		if delays[i] < b[0] || delays[i] > b[1] {
			return false
		}
	}
	return true
}

func TestItAsksForItsAddress(t *testing.T) {
	m, a := newIMDS(t, nil), newAPI(t)
	r := script(t, settings(m, a)...)
	if got := a.saw(); r.code != 0 || !slices.Equal(got.queue, []string{worker}) || len(r.delays) > 0 || got.asked != 1 {
		t.Errorf("%+v; %+v", r, got)
	}
	if bare := m.withoutToken(); bare > 0 {
		t.Errorf("%d requests as of IMDSv1", bare)
	}
}

func TestItSignsForAFunctionURL(t *testing.T) {
	m, a := newIMDS(t, nil), newAPI(t)
	a.service = "lambda"
	r := script(t, append(settings(m, a), "EIPBINDER_SERVICE=lambda", "EIPBINDER_URL="+a.URL+"/")...)
	if got := a.saw(); r.code != 0 || !slices.Equal(got.queue, []string{worker}) {
		t.Errorf("%+v; %+v", r, got)
	}
}

// The api must be able to refuse a signature.
func TestASignatureForAnotherServiceIsRefused(t *testing.T) {
	m, a := newIMDS(t, nil), newAPI(t)
	r := script(t, append(settings(m, a), "EIPBINDER_SERVICE=lambda", "EIPBINDER_TRIES=1")...)
	if got := a.saw(); r.code != 1 || len(got.queue) > 0 || len(got.refused) != 1 {
		t.Errorf("%+v; %+v", r, got)
	}
}

func TestItTriesAgainUntilItIsAccepted(t *testing.T) {
	m := newIMDS(t, map[string][]int{
		"/latest/api/token":                                  {500},
		"/latest/meta-data/placement/region":                 {503},
		"/latest/meta-data/iam/security-credentials/":        {404},
		"/latest/meta-data/iam/security-credentials/" + role: {404},
	})
	a := newAPI(t, answer{status: 503, retryAfter: "90"}, answer{status: 500}, answer{}, answer{status: 403}, answer{status: 302})
	r := script(t, settings(m, a)...)
	if got := a.saw(); r.code != 0 || !slices.Equal(got.queue, []string{worker}) || len(got.refused) > 0 {
		t.Fatalf("%+v; %+v", r, got)
	}
	// four times IMDS, then what the server says, then the most
	want := [][2]int{{1, 2}, {2, 4}, {4, 8}, {8, 16}, {90, 94}, {30, 60}, {30, 60}, {30, 60}, {30, 60}}
	if !within(r.delays, want) {
		t.Errorf("delays %v, want %v\n%s", r.delays, want, r.said)
	}
}

func TestItGivesUpLoudly(t *testing.T) {
	for name, c := range map[string]struct {
		early  answer
		status string
	}{
		"refused":      {answer{status: 403}, "403"},
		"unreachable":  {answer{}, "000"},
		"odd answer":   {answer{status: 503, retryAfter: "$(reboot)"}, "503"},
		"long waiting": {answer{status: 503, retryAfter: "86400"}, "503"},
	} {
		m, a := newIMDS(t, nil), newAPI(t, c.early, c.early, c.early)
		r := script(t, append(settings(m, a), "EIPBINDER_TRIES=3")...)
		if r.code != 1 || !strings.Contains(r.said, "GIVEN UP") || !strings.Contains(r.said, "try 3 of 3: "+c.status) {
			t.Errorf("%s: %+v", name, r)
		}
		if !within(r.delays, [][2]int{{1, 2}, {2, 4}}) || a.saw().asked != 3 {
			t.Errorf("%s: delays %v, %+v", name, r.delays, a.saw())
		}
	}
}

func TestItNeedsIMDSv2(t *testing.T) {
	m, a := newIMDS(t, map[string][]int{"/latest/api/token": {403, 403}}), newAPI(t)
	r := script(t, append(settings(m, a), "EIPBINDER_TRIES=2")...)
	if r.code != 1 || a.saw().asked > 0 || !strings.Contains(r.said, "metadata service") {
		t.Errorf("%+v; %+v", r, a.saw())
	}
}

func TestUsage(t *testing.T) {
	for name, setting := range map[string]string{
		"no URL":      "X=1",
		"no TLS":      "EIPBINDER_URL=http://api.example.com",
		"a query":     "EIPBINDER_URL=https://api.example.com/?x=1",
		"no loopback": "EIPBINDER_URL=http://127.0.0.1.example.com",
		"tries":       "EIPBINDER_TRIES=many",
	} {
		environment := []string{setting}
		if name == "tries" {
			environment = append(environment, "EIPBINDER_URL=https://api.example.com")
		}
		if r := script(t, environment...); r.code != 2 || r.said == "" || len(r.delays) > 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// A curl that is too old does not get better by waiting.
func TestAnOldCurlIsSaidAtOnce(t *testing.T) {
	m, a := newIMDS(t, nil), newAPI(t)
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	old := "#!/bin/sh\ncase \"$*\" in *--aws-sigv4*) exit 2;; esac\nexec " + curl + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(folder, "curl"), []byte(old), 0o700); err != nil {
		t.Fatal(err)
	}
	r := script(t, append(settings(m, a), "PATH="+folder+":"+os.Getenv("PATH"))...)
	if r.code != 2 || !strings.Contains(r.said, "curl") || a.saw().asked > 0 {
		t.Errorf("%+v", r)
	}
}
