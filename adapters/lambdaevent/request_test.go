package lambdaevent_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
)

// request passes the payload on and returns the answer.
func request(t *testing.T, payload []byte, serve http.HandlerFunc, optFns ...func(*lambdaevent.Options)) events.APIGatewayV2HTTPResponse {
	t.Helper()
	b := &stub{}
	if serve != nil {
		optFns = append(optFns, func(o *lambdaevent.Options) { o.HTTP = serve })
	}
	answer, err := lambdaevent.New(b, optFns...).Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		t.Fatalf("answer %s: %v", answer, err)
	}
	if len(b.calls) > 0 {
		t.Errorf("the binder was asked for %q", b.calls)
	}
	return response
}

func TestRequest(t *testing.T) {
	type seen struct {
		Method, Path, RawPath, Query, URI, Host, Remote, Proto, Body, Caller string
		Length                                                               int64
		Signed                                                               bool
		Headers                                                              map[string]string
	}
	for _, test := range []struct {
		payload string
		want    seen
	}{
		{"http-api-iam", seen{
			Method: "POST", Path: "/v1/bind", URI: "/v1/bind", Host: "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
			Remote: "198.51.100.7:0", Proto: "HTTP/1.1", Signed: true,
			Caller:  "arn:aws:sts::123456789012:assumed-role/media-worker/i-0123456789abcdef0",
			Headers: map[string]string{"Accept": "*/*", "User-Agent": "curl/8.5.0", "X-Request-Id": "JKJaXmPLvHcESHA=", "Cookie": ""},
		}},
		{"function-url-iam", seen{
			Method: "PUT", Path: "/v1/bindings/i-0123456789abcdef0", RawPath: "/v1/bindings/i%2D0123456789abcdef0",
			Query: "phase=bound&phase=reserved&note=a%20b", URI: "/v1/bindings/i%2D0123456789abcdef0?phase=bound&phase=reserved&note=a%20b",
			Host:   "a1b2c3d4e5f6g7h8i9j0klmnopqrstuv.lambda-url.eu-central-1.on.aws",
			Remote: "[2001:db8::7]:0", Proto: "HTTP/1.1", Body: "\xff\x00\xfe", Length: 3, Signed: true,
			Caller: "arn:aws:sts::123456789012:assumed-role/operators/jane",
			Headers: map[string]string{"Accept": "application/json,text/plain", "X-Request-Id": "mine-1", "Cookie": "session=1; theme=dark",
				"Content-Type": "application/octet-stream"},
		}},
	} {
		var got seen
		response := request(t, fixture(t, test.payload), func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got = seen{
				Method: r.Method, Path: r.URL.Path, RawPath: r.URL.RawPath, Query: r.URL.RawQuery, URI: r.RequestURI, Host: r.Host,
				Remote: r.RemoteAddr, Proto: r.Proto, Body: string(body), Length: r.ContentLength, Headers: map[string]string{},
			}
			if got.RawPath == got.Path {
				got.RawPath = ""
			}
			got.Caller, got.Signed = lambdaevent.CallerARN(r.Context())
			for name := range test.want.Headers {
				got.Headers[name] = r.Header.Get(name)
			}
			w.WriteHeader(http.StatusAccepted)
		})
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.payload, diff)
		}
		if response.StatusCode != http.StatusAccepted || response.Body != "" || response.IsBase64Encoded {
			t.Errorf("%s: answer %+v", test.payload, response)
		}
	}
}

func TestResponse(t *testing.T) {
	for name, test := range map[string]struct {
		serve http.HandlerFunc
		want  events.APIGatewayV2HTTPResponse
	}{
		"nothing": {func(http.ResponseWriter, *http.Request) {}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{}}},
		"text": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Add("Vary", "Accept")
			w.Header().Add("Vary", "Origin")
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK)
			w.Header().Set("Late", "too late")
			fmt.Fprint(w, `{"name":"ü"}`)
		}, events.APIGatewayV2HTTPResponse{
			StatusCode: 418, Body: `{"name":"ü"}`, Cookies: []string{"a=1", "b=2"},
			Headers: map[string]string{"Content-Type": "application/json", "Vary": "Accept, Origin"},
		}},
		"no text": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0, 0xfe}) }, events.APIGatewayV2HTTPResponse{
			StatusCode: 200, Body: base64.StdEncoding.EncodeToString([]byte{0xff, 0, 0xfe}), IsBase64Encoded: true,
			Headers: map[string]string{"Content-Type": "application/octet-stream"},
		}},
		"guessed": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") }, events.APIGatewayV2HTTPResponse{
			StatusCode: 200, Body: "fine", Headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"},
		}},
		"no content": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNoContent)
			fmt.Fprint(w, "body")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 204, Headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"}}},
		"a header that forges one": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Echo", "a\r\nSet-Cookie: admin=1")
			w.Header().Set("Set-Cookie", "a=1\r\nX: 1")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"X-Echo": "a  Set-Cookie: admin=1"}, Cookies: []string{"a=1  X: 1"}}},
	} {
		if diff := cmp.Diff(test.want, request(t, fixture(t, "http-api-iam"), test.serve)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// change replaces a part of a payload, which must be there.
func change(t *testing.T, name, old, with string) []byte {
	t.Helper()
	payload := fixture(t, name)
	if !bytes.Contains(payload, []byte(old)) {
		t.Fatalf("%s has no %q", name, old)
	}
	return bytes.ReplaceAll(payload, []byte(old), []byte(with))
}

func TestHead(t *testing.T) {
	got := request(t, change(t, "http-api-iam", `"method": "POST"`, `"method": "HEAD"`), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "body") })
	if got.StatusCode != http.StatusOK || got.Body != "" || got.Headers["Content-Type"] == "" {
		t.Errorf("answer %+v", got)
	}
}

// TestRefusedRequests: the caller gets a status and a problem document, the log
// one line, and the http.Handler nothing.
func TestRefusedRequests(t *testing.T) {
	here := func(o *lambdaevent.Options) { o.AccountID = "123456789012" }
	for name, test := range map[string]struct {
		payload []byte
		status  int
		says    string
	}{
		"a REST API's":      {fixture(t, "rest-api"), 501, "not REST APIs"},
		"format 1.0":        {change(t, "http-api-iam", `"version": "2.0"`, `"version": "1.0"`), 501, `format \"1.0\"`},
		"no method":         {change(t, "http-api-iam", `"method": "POST"`, `"method": ""`), 501, "2.0"},
		"a wrong method":    {change(t, "http-api-iam", `"method": "POST"`, `"method": "PO ST"`), 400, "method"},
		"no path":           {change(t, "http-api-iam", `"rawPath": "/v1/bind"`, `"rawPath": ""`), 400, "path"},
		"a wrong path":      {change(t, "http-api-iam", `"rawPath": "/v1/bind"`, `"rawPath": "/v1/%zz"`), 400, "path"},
		"a relative path":   {change(t, "http-api-iam", `"rawPath": "/v1/bind"`, `"rawPath": "v1/bind"`), 400, "path"},
		"a wrong body":      {change(t, "function-url-iam", `"/wD+"`, `"/wD"`), 400, "body"},
		"another account's": {change(t, "http-api-iam", `"accountId": "123456789012"`, `"accountId": "210987654321"`), 403, "210987654321"},
		"no headers":        {change(t, "http-api-iam", `"headers": {`, `"headers": 1, "others": {`), 501, "2.0"},
		"a WebSocket's":     {[]byte(`{"requestContext":{"routeKey":"$connect","connectionId":"x"}}`), 501, "2.0"},
	} {
		var log bytes.Buffer
		told := 0
		response := request(t, test.payload, func(http.ResponseWriter, *http.Request) { t.Errorf("%s: is served", name) }, here, func(o *lambdaevent.Options) {
			o.Logger = slog.New(slog.NewJSONHandler(&log, nil))
			o.Observer = binder.ObserverFunc(func(context.Context, binder.Event) { told++ })
		})
		if response.StatusCode != test.status || response.Headers["Content-Type"] != "application/problem+json" || !strings.Contains(response.Body, test.says) {
			t.Errorf("%s: answer %+v, want %d and %q", name, response, test.status, test.says)
		}
		if strings.Count(log.String(), "\n") != 1 || told != 1 {
			t.Errorf("%s: the observer was told %d times, log\n%s", name, told, log.String())
		}
	}
	if response := request(t, fixture(t, "http-api-iam"), nil); response.StatusCode != http.StatusNotImplemented || !strings.Contains(response.Body, "serves no requests") {
		t.Errorf("without an http.Handler: answer %+v", response)
	}
}

// TestCallerIsWhoSigned: nothing that a caller can write makes a caller.
func TestCallerIsWhoSigned(t *testing.T) {
	const arn = "arn:aws:sts::123456789012:assumed-role/media-worker/i-0123456789abcdef0"
	for name, test := range map[string]struct {
		payload []byte
		want    string
	}{
		"signed":                {fixture(t, "http-api-iam"), arn},
		"anonymous":             {change(t, "http-api-iam", `"authorizer": {`, `"unknown": {`), ""},
		"JWT":                   {change(t, "http-api-iam", `"iam": {`, `"jwt": {"claims": {"userArn": "`+arn+`"}}, "unknown": {`), ""},
		"empty":                 {change(t, "http-api-iam", arn, ""), ""},
		"of another account":    {change(t, "http-api-iam", arn, "arn:aws:sts::210987654321:assumed-role/media-worker/i-0123456789abcdef0"), ""},
		"in a header":           {change(t, "http-api-iam", `"authorizer": {`, `"authorizer": null, "unknown": {`), ""},
		"in the body":           {change(t, "http-api-iam", `"authorizer": {`, `"body": {`), ""},
		"a Function URL's open": {change(t, "http-api-iam", `"requestContext": {`, `"requestContext": {"authorizer": null, "http": {"method": "GET"}, "accountId": "anonymous"}, "x": {`), ""},
	} {
		served := false
		request(t, test.payload, func(_ http.ResponseWriter, r *http.Request) {
			served = true
			if got, ok := lambdaevent.CallerARN(r.Context()); got != test.want && ok || ok != (test.want != "") {
				t.Errorf("%s: caller %q, %t, want %q", name, got, ok, test.want)
			}
		}, func(o *lambdaevent.Options) { o.AccountID = "123456789012" })
		if !served {
			t.Errorf("%s: not served", name)
		}
	}
	if got, ok := lambdaevent.CallerARN(t.Context()); ok {
		t.Errorf("outside of requests the caller is %q", got)
	}
}

// TestHeaderInjection: what would end a line of a header or of the log does not.
func TestHeaderInjection(t *testing.T) {
	payload := change(t, "http-api-iam", `"user-agent": "curl/8.5.0"`, `"user-agent": "curl\r\nX-Admin: 1", "x-nul": "a\u0000b"`)
	request(t, payload, func(_ http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
				t.Errorf("%s: %q", name, values)
			}
		}
	})
}

// TestPanic costs the request, not the process.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	response := request(t, fixture(t, "http-api-iam"), func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		panic("secret\nline")
	}, func(o *lambdaevent.Options) { o.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	if response.StatusCode != http.StatusInternalServerError || strings.Contains(response.Body, "secret") {
		t.Errorf("answer %+v", response)
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), `secret\nline`) || !strings.Contains(log.String(), "TestPanic") {
		t.Errorf("log %s", log.String())
	}
}

// TestRequestEndsBeforeTheKill: its context has the margin, too.
func TestRequestEndsBeforeTheKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 29*time.Second)
		defer cancel()
		var left time.Duration
		handler := lambdaevent.New(&stub{}, func(o *lambdaevent.Options) {
			o.HTTP = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				deadline, _ := r.Context().Deadline()
				left = time.Until(deadline)
			})
		})
		if _, err := handler.Handle(ctx, fixture(t, "http-api-iam")); err != nil || left != 23*time.Second {
			t.Errorf("%s left, %v", left, err)
		}
	})
}

// TestLargeBody passes on what the gateway lets through, 10 MB.
func TestLargeBody(t *testing.T) {
	large := strings.Repeat("x", 10<<20)
	payload := change(t, "http-api-iam", `"isBase64Encoded": false`, `"isBase64Encoded": false, "body": "`+large+`"`)
	response := request(t, payload, func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 16<<10)); err == nil || n > 16<<10 {
			t.Errorf("read %d bytes, %v", n, err)
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("answer %+v", response)
	}
}
