package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/binder"
)

func iamOptions(arn string) func(*httpapi.IAMOptions) {
	return func(o *httpapi.IAMOptions) {
		o.Caller = func(*http.Request) (string, bool) { return arn, arn != "" }
		o.Accounts = []string{"123456789012"}
		o.InstanceRoles = []string{"media-node"}
		o.OperatorRoles = []string{"media-operator"}
	}
}

func TestIAM(t *testing.T) {
	instance := httpapi.Principal{InstanceID: worker}
	operator := httpapi.Principal{Operator: true}
	none := httpapi.Principal{}
	for _, c := range []struct {
		name, arn string
		want      httpapi.Principal
		err       error
	}{
		{"an instance", "arn:aws:sts::123456789012:assumed-role/media-node/" + worker, instance, nil},
		{"in China", "arn:aws-cn:sts::123456789012:assumed-role/media-node/" + worker, instance, nil},
		{"in the European Sovereign Cloud", "arn:aws-eusc:sts::123456789012:assumed-role/media-node/" + worker, instance, nil},
		{"in GovCloud", "arn:aws-us-gov:sts::123456789012:assumed-role/media-node/" + worker, instance, nil},
		{"an old ID", "arn:aws:sts::123456789012:assumed-role/media-node/i-01234567", httpapi.Principal{InstanceID: "i-01234567"}, nil},
		{"an operator", "arn:aws:sts::123456789012:assumed-role/media-operator/jane@example.com", operator, nil},
		{"an operator who is called like an instance", "arn:aws:sts::123456789012:assumed-role/media-operator/" + worker, operator, nil},
		{"nobody", "", none, httpapi.ErrNoCredentials},
		{"another account", "arn:aws:sts::210987654321:assumed-role/media-node/" + worker, none, httpapi.ErrForbidden},
		{"another role", "arn:aws:sts::123456789012:assumed-role/admin/" + worker, none, httpapi.ErrForbidden},
		{"another role that begins alike", "arn:aws:sts::123456789012:assumed-role/media-node-2/" + worker, none, httpapi.ErrForbidden},
		{"another case", "arn:aws:sts::123456789012:assumed-role/Media-Node/" + worker, none, httpapi.ErrForbidden},
		{"a person in the instances' role", "arn:aws:sts::123456789012:assumed-role/media-node/jane", none, httpapi.ErrForbidden},
		{"more than an ID", "arn:aws:sts::123456789012:assumed-role/media-node/" + worker + "0", none, httpapi.ErrForbidden},
		{"a line break", "arn:aws:sts::123456789012:assumed-role/media-node/" + worker + "\n", none, httpapi.ErrForbidden},
		{"capitals", "arn:aws:sts::123456789012:assumed-role/media-node/" + strings.ToUpper(worker), none, httpapi.ErrForbidden},
		{"another session behind", "arn:aws:sts::123456789012:assumed-role/media-node/x/" + worker, none, httpapi.ErrForbidden},
		{"a user", "arn:aws:iam::123456789012:user/" + worker, none, httpapi.ErrForbidden},
		{"a role that is not assumed", "arn:aws:iam::123456789012:role/media-operator", none, httpapi.ErrForbidden},
		{"the root user", "arn:aws:iam::123456789012:root", none, httpapi.ErrForbidden},
		{"another partition", "arn:aws-x:sts::123456789012:assumed-role/media-node/" + worker, none, httpapi.ErrForbidden},
		{"another service", "arn:aws:iam::123456789012:assumed-role/media-node/" + worker, none, httpapi.ErrForbidden},
		{"something before", "x arn:aws:sts::123456789012:assumed-role/media-node/" + worker, none, httpapi.ErrForbidden},
		{"no ARN", "media-node", none, httpapi.ErrForbidden},
	} {
		iam, err := httpapi.NewIAM(iamOptions(c.arn))
		if err != nil {
			t.Fatal(err)
		}
		got, err := iam.Authenticate(&http.Request{})
		if err == nil {
			c.want.Name = c.arn
		}
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

// What a caller writes into a header is not what AWS has verified.
func TestIAMTakesNothingFromHeaders(t *testing.T) {
	iam, err := httpapi.NewIAM(iamOptions(""))
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Header: http.Header{}}
	for _, name := range []string{"X-Amzn-Request-Context", "X-Amz-Caller-Arn", "X-Caller-Arn", "Authorization"} {
		r.Header.Set(name, "arn:aws:sts::123456789012:assumed-role/media-operator/jane")
	}
	if p, err := iam.Authenticate(r); !errors.Is(err, httpapi.ErrNoCredentials) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestNewIAMChecks(t *testing.T) {
	for name, change := range map[string]func(*httpapi.IAMOptions){
		"Caller":        func(o *httpapi.IAMOptions) { o.Caller = nil },
		"Accounts":      func(o *httpapi.IAMOptions) { o.Accounts = nil },
		"account ID":    func(o *httpapi.IAMOptions) { o.Accounts = []string{"*"} },
		"are empty":     func(o *httpapi.IAMOptions) { o.InstanceRoles, o.OperatorRoles = nil, nil },
		"name of a":     func(o *httpapi.IAMOptions) { o.InstanceRoles = []string{"a/b"} },
		"OperatorRoles": func(o *httpapi.IAMOptions) { o.OperatorRoles = o.InstanceRoles },
		"too":           func(o *httpapi.IAMOptions) { o.OperatorRoles = []string{"MEDIA-NODE"} },
	} {
		if _, err := httpapi.NewIAM(iamOptions("x"), change); !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFirstOf(t *testing.T) {
	answers := func(p httpapi.Principal, err error) httpapi.Authenticator {
		return httpapi.AuthenticatorFunc(func(*http.Request) (httpapi.Principal, error) { return p, err })
	}
	silent, jane := answers(httpapi.Principal{}, httpapi.ErrNoCredentials), answers(httpapi.Principal{Operator: true}, nil)
	refuses := answers(httpapi.Principal{}, httpapi.ErrUnauthenticated)
	for _, c := range []struct {
		name     string
		first    httpapi.Authenticator
		operator bool
		err      error
	}{
		{"none", httpapi.FirstOf(), false, httpapi.ErrNoCredentials},
		{"all silent", httpapi.FirstOf(silent, silent), false, httpapi.ErrNoCredentials},
		{"the second", httpapi.FirstOf(silent, jane), true, nil},
		{"a refusal is final", httpapi.FirstOf(silent, refuses, jane), false, httpapi.ErrUnauthenticated},
	} {
		if p, err := c.first.Authenticate(&http.Request{}); p.Operator != c.operator || !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v", c.name, p, err)
		}
	}
	iam, err := httpapi.NewIAM(iamOptions("x"))
	if err != nil {
		t.Fatal(err)
	}
	if got := httpapi.FirstOf(iam, jane, iam).(httpapi.Challenger).Challenge(); got != "AWS4-HMAC-SHA256, AWS4-HMAC-SHA256" {
		t.Errorf("challenge: %q", got)
	}
}
