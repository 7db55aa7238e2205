package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// call is one request on its way.
type call struct {
	*http.Request
	w         http.ResponseWriter
	id        string // of the request
	began     time.Time
	pattern   string    // of the route; empty if there is none
	principal Principal // the zero one where anyone may ask
	instance  string    // that the call is about; empty until it is checked
}

// access says who may take an action.
type access int

const (
	anyone access = iota
	instances
	operators
	both
)

// action serves one method of one path.
type action struct {
	who   access
	serve func(*call) (answer, error)
}

// route is one path. A pattern that ends in "{instance}" has any last segment.
type route struct {
	pattern string
	methods map[string]action
}

func (h *Handler) table() []route {
	get, post := http.MethodGet, http.MethodPost
	return []route{
		{"/v1/bind", map[string]action{post: {instances, h.bind}}},
		{"/v1/bindings", map[string]action{get: {operators, h.list}}},
		{"/v1/bindings/{instance}", map[string]action{get: {both, h.show}}},
		{"/v1/drain", map[string]action{post: {operators, h.drain}}},
		{"/v1/undrain", map[string]action{post: {operators, h.undrain}}},
		{"/healthz", map[string]action{get: {anyone, h.healthz}}},
		{"/readyz", map[string]action{get: {anyone, h.readyz}}},
		{"/v1/openapi.json", map[string]action{get: {anyone, h.document}}},
	}
}

// route finds the action. http.ServeMux is not used, since its own answers
// (redirects to cleaner paths, 404, 405) are no problem documents.
func (h *Handler) route(c *call) (action, error) {
	i := slices.IndexFunc(h.routes, func(r route) bool { return r.matches(c.URL.Path) })
	if i < 0 {
		return action{}, &problem{Status: http.StatusNotFound, Detail: "there is no such path"}
	}
	c.pattern = h.routes[i].pattern
	method := c.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	found, ok := h.routes[i].methods[method]
	if !ok {
		return action{}, &problem{Status: http.StatusMethodNotAllowed, Detail: "the path has other methods", allow: h.routes[i].allow()}
	}
	return found, nil
}

func (r route) matches(path string) bool {
	prefix, parameter := strings.CutSuffix(r.pattern, "{instance}")
	if !parameter {
		return path == r.pattern
	}
	last, ok := strings.CutPrefix(path, prefix)
	return ok && last != "" && !strings.Contains(last, "/")
}

func (r route) allow() string {
	var methods []string
	for method := range r.methods {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// knownMethod is the method if it is one of HTTP's own, for the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return "other"
}
