package userdata_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// api is API Gateway with an IAM authorizer, in front of the real handler. Its
// first answers are those that it is told.
type api struct {
	*httptest.Server
	handler http.Handler

	service string

	mu    sync.Mutex
	first []answer
	seen  seen
}

// seen is what came.
type seen struct {
	asked   int
	queue   []string // the instances that were accepted
	refused []error  // why signatures were not
}

func (a *api) saw() seen {
	a.mu.Lock()
	defer a.mu.Unlock()
	return seen{a.seen.asked, slices.Clone(a.seen.queue), slices.Clone(a.seen.refused)}
}

// answer is one that is given before the request is looked at.
type answer struct {
	status     int
	retryAfter string
}

// callerKey is where the caller is in a request's context.
type callerKey struct{}

func caller(r *http.Request) (string, bool) {
	arn, ok := r.Context().Value(callerKey{}).(string)
	return arn, ok
}

// Enqueue makes the api the handler's queue.
func (a *api) Enqueue(_ context.Context, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen.queue = append(a.seen.queue, id)
	return nil
}

func newAPI(t *testing.T, first ...answer) *api {
	t.Helper()
	a := &api{first: first, service: "execute-api"}
	iam, err := httpapi.NewIAM(func(o *httpapi.IAMOptions) {
		o.Caller, o.Accounts, o.InstanceRoles = caller, []string{account}, []string{role}
	})
	if err != nil {
		t.Fatal(err)
	}
	a.handler, err = httpapi.New(httpapi.Backends{Binder: (*binder.Binder)(nil), Queue: a, Records: memstore.New(), Authenticator: iam})
	if err != nil {
		t.Fatal(err)
	}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if early, ok := a.early(); ok {
		if early.status == 0 {
			panic(http.ErrAbortHandler) // cuts the connection
		}
		if early.retryAfter != "" {
			w.Header().Set("Retry-After", early.retryAfter)
		}
		w.WriteHeader(early.status)
		return
	}
	if err := verify(r, a.service); err != nil {
		a.mu.Lock()
		a.seen.refused = append(a.seen.refused, err)
		a.mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
		return
	}
	arn := "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + worker
	a.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, arn)))
}

func (a *api) early() (answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen.asked++
	if len(a.first) == 0 {
		return answer{}, false
	}
	early := a.first[0]
	a.first = a.first[1:]
	return early, true
}

// verify makes the signature again, with AWS's own signer, over the headers that
// the request says are signed, and compares.
func verify(r *http.Request, service string) error {
	given := r.Header.Get("Authorization")
	_, names, _ := strings.Cut(given, "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	signed := strings.Split(names, ";")
	for _, must := range []string{"host", "x-amz-date", "x-amz-security-token"} {
		if !slices.Contains(signed, must) {
			return fmt.Errorf("%s is not signed: %s", must, given)
		}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err
	}
	if time.Since(at).Abs() > 5*time.Minute {
		return fmt.Errorf("signed at %s", at)
	}
	again, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+r.Host+r.RequestURI, nil)
	if err != nil {
		return err
	}
	for _, name := range signed {
		if name != "host" {
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	const emptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	credentials := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, SessionToken: session}
	if err := v4.NewSigner().SignHTTP(r.Context(), credentials, again, emptyBody, service, region, at); err != nil {
		return err
	}
	if want := again.Header.Get("Authorization"); signature(given) != signature(want) || !strings.Contains(given, credentialScope(at, service)) {
		return fmt.Errorf("signature is not right\n got %s\nwant %s", given, want)
	}
	return nil
}

func signature(authorization string) string {
	_, hex, _ := strings.Cut(authorization, "Signature=")
	return hex
}

func credentialScope(at time.Time, service string) string {
	return "Credential=" + accessKey + "/" + at.Format("20060102") + "/" + region + "/" + service + "/aws4_request"
}
