package httpapi_test

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
)

// Instances ask with what AWS says of them, operators with a token.
func ExampleFirstOf() {
	instances, err := httpapi.NewIAM(func(o *httpapi.IAMOptions) {
		o.Caller = func(*http.Request) (string, bool) { return "", false } // nobody whom AWS knows
		o.Accounts, o.InstanceRoles = []string{"123456789012"}, []string{"media-node"}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	operators := httpapi.AuthenticatorFunc(func(r *http.Request) (httpapi.Principal, error) {
		switch _, token, ok := r.BasicAuth(); {
		case !ok:
			return httpapi.Principal{}, httpapi.ErrNoCredentials
		case subtle.ConstantTimeCompare([]byte(token), []byte("secret")) == 0:
			return httpapi.Principal{}, httpapi.ErrUnauthenticated
		}
		return httpapi.Principal{Operator: true}, nil
	})
	both := httpapi.FirstOf(instances, operators)
	for _, token := range []string{"", "guess", "secret"} {
		r := httptest.NewRequest(http.MethodGet, "/v1/bindings", nil)
		if token != "" {
			r.SetBasicAuth("jane", token)
		}
		p, err := both.Authenticate(r)
		fmt.Println(p.Operator, err)
	}
	// Output:
	// false no credentials
	// false credentials are not valid
	// true <nil>
}

func ExampleServer() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "bound") }) // of New
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httpapi.Server(listener.Addr().String(), handler)
	ended := make(chan error)
	go func() { ended <- server.Serve(listener) }() // or ListenAndServeTLS

	answer, err := http.Get("http://" + server.Addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Status)
	answer.Body.Close()
	fmt.Println(server.Shutdown(context.Background()), errors.Is(<-ended, http.ErrServerClosed))
	// Output:
	// 200 OK
	// <nil> true
}
