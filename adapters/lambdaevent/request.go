package lambdaevent

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// callerKey is where a request's context has the ARN of who signed it.
type callerKey struct{}

// CallerARN returns the ARN of who signed the request of this context, as the
// HTTP API's IAM authorizer or the Function URL (type AWS_IAM) has verified it, such as
// "arn:aws:sts::123456789012:assumed-role/ROLE/i-0123456789abcdef0". It is false if
// nobody signed it, and outside of requests that a Handler passes on.
func CallerARN(ctx context.Context) (arn string, ok bool) {
	arn, ok = ctx.Value(callerKey{}).(string)
	return arn, ok
}

// serve answers an HTTP request. The caller is told what is wrong by status;
// for Lambda there is no error.
func (h *Handler) serve(ctx context.Context, payload json.RawMessage) events.APIGatewayV2HTTPResponse {
	var event events.APIGatewayV2HTTPRequest
	unread := json.Unmarshal(payload, &event)
	id := oneLine(event.RequestContext.RequestID)
	if unread != nil {
		h.refused(ctx, "request refused", unread)
		return problem(id, http.StatusNotImplemented, fmt.Sprintf("not a request in payload format 2.0: %v", unread))
	}
	request, status, err := h.request(ctx, event)
	if err != nil {
		h.refused(ctx, "request refused", err)
		return problem(id, status, err.Error())
	}
	w := &responseWriter{header: http.Header{}}
	if !h.call(w, request) {
		return problem(id, http.StatusInternalServerError, "")
	}
	return w.response(request.Method)
}

// call calls the http.Handler. One that panics costs its own request and not the
// process, as in net/http.
func (h *Handler) call(w http.ResponseWriter, r *http.Request) (done bool) {
	defer func() {
		if v := recover(); v != nil {
			h.opts.Logger.ErrorContext(r.Context(), "request failed", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			done = false
		}
	}()
	h.opts.HTTP.ServeHTTP(w, r)
	return true
}

// request makes the request of the event, or says with which status it is
// refused.
func (h *Handler) request(ctx context.Context, event events.APIGatewayV2HTTPRequest) (r *http.Request, status int, err error) {
	switch {
	case event.Version != "2.0" || event.RequestContext.HTTP.Method == "":
		return nil, http.StatusNotImplemented, fmt.Errorf("the payload has the format %.20q: only 2.0 is served, which HTTP APIs and Function URLs have, not REST APIs", event.Version)
	case h.opts.HTTP == nil:
		return nil, http.StatusNotImplemented, fmt.Errorf("this function serves no requests")
	}
	if _, account := h.origin(ctx); !isFrom(account, event.RequestContext.AccountID) {
		return nil, http.StatusForbidden, fmt.Errorf("it is from the account %.80q, not %q", event.RequestContext.AccountID, account)
	}
	r, err = newRequest(ctx, event)
	return r, http.StatusBadRequest, err
}

// isFrom reports whether a request's account is the one wanted. A Function URL
// without authentication does not say.
func isFrom(want, account string) bool {
	return want == "" || account == want || account == "anonymous"
}

func newRequest(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	about := event.RequestContext
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(event.Body); err != nil {
			return nil, fmt.Errorf("its body: %w", err)
		}
	}
	path, err := url.PathUnescape(event.RawPath)
	if err != nil || !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("its path %.80q is malformed", event.RawPath)
	}
	if arn, ok := signedBy(about.Authorizer); ok {
		ctx = context.WithValue(ctx, callerKey{}, arn)
	}
	r, err := http.NewRequestWithContext(ctx, about.HTTP.Method, "/", strings.NewReader(string(body)))
	if err != nil {
		return nil, fmt.Errorf("its method %.20q is malformed", about.HTTP.Method)
	}
	r.URL = &url.URL{Path: path, RawPath: event.RawPath, RawQuery: event.RawQueryString}
	r.RequestURI = r.URL.RequestURI()
	r.Header = headers(event)
	r.Host = cmp.Or(r.Header.Get("Host"), about.DomainName)
	r.Header.Del("Host") // net/http's servers have it in Host only
	if r.Header.Get("X-Request-Id") == "" && about.RequestID != "" {
		r.Header.Set("X-Request-Id", about.RequestID)
	}
	if major, minor, ok := http.ParseHTTPVersion(about.HTTP.Protocol); ok {
		r.Proto, r.ProtoMajor, r.ProtoMinor = about.HTTP.Protocol, major, minor
	}
	if about.HTTP.SourceIP != "" {
		r.RemoteAddr = net.JoinHostPort(about.HTTP.SourceIP, "0")
	}
	return r, nil
}

// headers are those of the request, of which several of one name are joined by
// commas, and its cookies, which the event has apart.
func headers(event events.APIGatewayV2HTTPRequest) http.Header {
	header := make(http.Header, len(event.Headers)+1)
	for name, value := range event.Headers {
		header.Set(name, oneLine(value))
	}
	if len(event.Cookies) > 0 {
		header.Set("Cookie", oneLine(strings.Join(event.Cookies, "; ")))
	}
	return header
}

// oneLine takes away what would end a header.
func oneLine(value string) string {
	return strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ").Replace(value)
}

// signedBy returns the ARN that the authorizer has verified.
func signedBy(a *events.APIGatewayV2HTTPRequestContextAuthorizerDescription) (arn string, ok bool) {
	if a == nil || a.IAM == nil || a.IAM.UserARN == "" {
		return "", false
	}
	_, account := home(a.IAM.UserARN)
	return a.IAM.UserARN, a.IAM.AccountID == "" || a.IAM.AccountID == account
}
