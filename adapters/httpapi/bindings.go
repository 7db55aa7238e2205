package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

// Binding is one instance's binding, as it is stored.
type Binding struct {
	InstanceID   string     `json:"instanceId"`
	AllocationID string     `json:"allocationId"`
	IP           netip.Addr `json:"ip"`
	// Name is absolute, with a trailing dot.
	Name string `json:"name"`
	// Phase is "reserved", "bound" or "releasing".
	Phase store.Phase `json:"phase"`
	// Visible: schedule servers may use the worker.
	Visible  bool `json:"visible"`
	Draining bool `json:"draining"`
	// Allocated: a schedule server uses it.
	Allocated bool      `json:"allocated"`
	BoundAt   time.Time `json:"boundAt,omitzero"`
	// Reason says why it is draining or releasing.
	Reason string `json:"reason,omitempty"`
}

// Bindings is one page of all bindings, ordered by AllocationID.
type Bindings struct {
	Bindings []Binding `json:"bindings"`
	// Next is what to ask for with "after" to get what follows; empty on the last page.
	Next string `json:"next,omitempty"`
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

var cursor = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// show gives one instance's binding, to itself or to an operator.
func (h *Handler) show(c *call) (answer, error) {
	id := path.Base(c.URL.Path)
	if !c.principal.Operator && id != c.principal.InstanceID { // whether or not there is one
		return answer{}, forbidden(errors.New("an instance asks for another one"))
	}
	if !ValidInstanceID(id) {
		return answer{}, badRequest("the path must end in an instance ID")
	}
	c.instance = id
	records, err := h.parts.Records.Get(c.Context(), store.ByInstance(id))
	if err != nil {
		return answer{}, err
	}
	if len(records) == 0 {
		return answer{}, &problem{Status: http.StatusNotFound, Detail: "the instance has no binding"}
	}
	return answer{status: http.StatusOK, body: binding(records[0])}, nil
}

// list gives operators one page of all bindings. Stores list in no order, so
// that each page reads all records: pages are for what callers can take.
func (h *Handler) list(c *call) (answer, error) {
	after, limit, err := page(c.URL.RawQuery)
	if err != nil {
		return answer{}, err
	}
	list := []Binding{}
	for r, err := range h.parts.Records.List(c.Context(), store.Filter{Phases: []store.Phase{store.Reserved, store.Bound, store.Releasing}}) {
		if err != nil {
			return answer{}, err
		}
		if r.AllocationID > after {
			list = append(list, binding(r))
		}
	}
	slices.SortFunc(list, func(a, b Binding) int { return strings.Compare(a.AllocationID, b.AllocationID) })
	next := ""
	if len(list) > limit {
		list, next = list[:limit], list[limit-1].AllocationID
	}
	return answer{status: http.StatusOK, body: Bindings{list, next}}, nil
}

// page reads the query: after=ALLOCATION and limit=NUMBER, each at most once.
func page(query string) (after string, limit int, err error) {
	limit = defaultLimit
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", 0, badRequest("the query is malformed")
	}
	for name, given := range values {
		ok := len(given) == 1
		switch name {
		case "after":
			after, ok = given[0], ok && cursor.MatchString(given[0])
		case "limit":
			limit, err = strconv.Atoi(given[0])
			ok = ok && err == nil && 1 <= limit && limit <= maxLimit
		default:
			ok = false
		}
		if !ok {
			return "", 0, badRequest(fmt.Sprintf("the query may have one limit, from 1 to %d, and one after, as an earlier page gave it as next", maxLimit))
		}
	}
	return after, limit, nil
}

func binding(r store.Record) Binding {
	return Binding{
		InstanceID: r.InstanceID, AllocationID: r.AllocationID, IP: r.IP, Name: r.Name, Phase: r.Phase,
		Visible: r.Visible(), Draining: r.Draining, Allocated: r.Allocated, BoundAt: r.BoundAt, Reason: r.Reason,
	}
}
