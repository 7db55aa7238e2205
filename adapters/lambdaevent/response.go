package lambdaevent

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// responseWriter keeps what an http.Handler writes.
type responseWriter struct {
	header http.Header
	status int         // zero until the header is written
	sent   http.Header // as it was then
	body   bytes.Buffer
}

// Header returns the header, to be changed before it is written.
func (w *responseWriter) Header() http.Header { return w.header }

// WriteHeader settles status and header, at the first call. Informational
// statuses are not passed on.
func (w *responseWriter) WriteHeader(status int) {
	if w.status != 0 || status < http.StatusOK {
		return
	}
	w.status, w.sent = status, w.header.Clone()
}

// Write adds to the body.
func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// response is what was written. A body that is no text is encoded, as the
// format wants it.
func (w *responseWriter) response(method string) events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	body := w.body.Bytes()
	if len(body) > 0 && w.sent.Get("Content-Type") == "" {
		w.sent.Set("Content-Type", http.DetectContentType(body))
	}
	if method == http.MethodHead || w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		body = nil
	}
	r := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: map[string]string{}}
	for name, values := range w.sent {
		if name == "Set-Cookie" { // cannot be joined
			for _, value := range values {
				r.Cookies = append(r.Cookies, oneLine(value))
			}
			continue
		}
		r.Headers[name] = oneLine(strings.Join(values, ", "))
	}
	if r.Body = string(body); !utf8.Valid(body) {
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return r
}

// problem is a response that says what is wrong with the request (RFC 9457).
func problem(requestID string, status int, detail string) events.APIGatewayV2HTTPResponse {
	w := &responseWriter{header: http.Header{}}
	w.header.Set("Content-Type", "application/problem+json")
	w.header.Set("X-Request-Id", requestID)
	w.WriteHeader(status)
	_ = json.NewEncoder(&w.body).Encode(struct { // cannot fail in memory
		Type      string `json:"type"`
		Title     string `json:"title"`
		Status    int    `json:"status"`
		Detail    string `json:"detail,omitempty"`
		RequestID string `json:"requestId"`
	}{"about:blank", http.StatusText(status), status, detail, requestID})
	return w.response("")
}
