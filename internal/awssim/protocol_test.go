package awssim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// post sends a hand-made request, signed at the given time.
func post(sim *awssim.Sim, signedAt time.Time, form url.Values) (status int, body string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/x")
	r.Header.Set("X-Amz-Date", signedAt.UTC().Format("20060102T150405Z"))
	w := httptest.NewRecorder()
	sim.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestProtocol(t *testing.T) {
	runRules(t, []rule{
		{"unknown action", "common errors: InvalidAction", nil, func(t *testing.T, w *world) {
			status, body := post(w.sim, time.Now(), url.Values{"Action": {"DescribeVpcs"}})
			equal(t, "status", status, 400)
			if !strings.Contains(body, "<Code>InvalidAction</Code>") || !strings.Contains(body, "<RequestID>") {
				t.Error(body)
			}
		}},
		{"unknown parameter", "error codes page: UnknownParameter", nil, func(t *testing.T, w *world) {
			_, body := post(w.sim, time.Now(), url.Values{"Action": {"AllocateAddress"}, "Colour": {"blue"}})
			if !strings.Contains(body, "<Code>UnknownParameter</Code>") {
				t.Error(body)
			}
			equal(t, "addresses", len(w.sim.Addresses()), 0)
		}},
		{"old signature", "AWS-FACTS: a signed request is accepted for 5 minutes", nil, func(t *testing.T, w *world) {
			form := url.Values{"Action": {"AllocateAddress"}}
			_, body := post(w.sim, time.Now().Add(-5*time.Minute-time.Second), form)
			if !strings.Contains(body, "<Code>RequestExpired</Code>") {
				t.Error(body)
			}
			status, _ := post(w.sim, time.Now().Add(-5*time.Minute), form)
			equal(t, "status just in time", status, 200)
		}},
		{"no signature", "common errors: MissingAuthenticationToken", nil, func(t *testing.T, w *world) {
			rec := httptest.NewRecorder()
			w.sim.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=AllocateAddress")))
			equal(t, "status", rec.Code, 403)
		}},
		{"dry run", "API pages: DryRunOperation", nil, func(t *testing.T, w *world) {
			_, err := w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{DryRun: aws.Bool(true)})
			wantCode(t, err, "DryRunOperation")
			equal(t, "addresses", len(w.sim.Addresses()), 0)
		}},
		{"unknown Route 53 operation", "common errors", nil, func(t *testing.T, w *world) {
			_, err := w.r53.ListHealthChecks(t.Context(), &route53.ListHealthChecksInput{})
			wantCode(t, err, "UnknownOperationException")
		}},
	})
}

func TestInjection(t *testing.T) {
	throttle := func(o *awssim.Options) {
		o.Intercept = func(action string, r *http.Request) *awssim.Fault {
			if action == "AllocateAddress" && r.PostForm.Get("Domain") == "vpc" {
				return &awssim.Fault{Status: 503, Code: "RequestLimitExceeded", Message: "Request limit exceeded."}
			}
			return nil
		}
	}
	lose := func(o *awssim.Options) {
		o.Intercept = func(string, *http.Request) *awssim.Fault { return &awssim.Fault{LostReply: true} }
	}
	slow := func(o *awssim.Options) { o.Latency = func(string) time.Duration { return time.Minute } }
	runRules(t, []rule{
		{"an error instead of the effect", "Options.Intercept", throttle, func(t *testing.T, w *world) {
			_, err := w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{Domain: "vpc"})
			wantCode(t, err, "RequestLimitExceeded")
			equal(t, "addresses", len(w.sim.Addresses()), 0)
			_, err = w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
			must(t, err)
			equal(t, "calls", w.sim.Calls()["AllocateAddress"], 2)
		}},
		{"a lost reply", "Fault.LostReply: the effect without an answer", lose, func(t *testing.T, w *world) {
			_, err := w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
			if api := smithy.APIError(nil); err == nil || errors.As(err, &api) {
				t.Errorf("got %v, want a connection error", err)
			}
			equal(t, "addresses", len(w.sim.Addresses()), 1)
		}},
		{"latency", "Options.Latency", slow, func(t *testing.T, w *world) {
			start := time.Now()
			_, err := w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
			must(t, err)
			equal(t, "took", time.Since(start), time.Minute)
		}},
		{"cancellation", "HTTPClient.Do: the context's error", slow, func(t *testing.T, w *world) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := w.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			equal(t, "addresses", len(w.sim.Addresses()), 0)
		}},
	})
}

// TestLostReplyOnWire: a lost reply breaks a real connection, too.
func TestLostReplyOnWire(t *testing.T) {
	sim := awssim.New(func(o *awssim.Options) {
		o.Intercept = func(string, *http.Request) *awssim.Fault { return &awssim.Fault{LostReply: true} }
	})
	server := httptest.NewServer(sim)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("Action=AllocateAddress"))
	must(t, err)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x")
	r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	out, err := server.Client().Do(r)
	if !errors.Is(err, io.EOF) {
		t.Errorf("got %v and %v, want a broken connection", out, err)
	}
	equal(t, "addresses", len(sim.Addresses()), 1)
}
