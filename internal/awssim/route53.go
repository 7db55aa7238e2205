package awssim

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	route53Prefix    = "/2013-04-01/"
	route53Namespace = "https://route53.amazonaws.com/doc/2013-04-01/"
)

// route53Request is what there is to read of a request.
type route53Request struct {
	id    string // from the path
	query url.Values
	body  []byte
	call  *call // what is made of it
}

// route53Action reads a request and returns what it does with the model.
type route53Action func(route53Request) (func(*model) (any, error), error)

// route is one operation of Route 53's REST interface. An asterisk in the path
// stands for an ID.
type route struct {
	method, path, action string
	read                 route53Action
}

func routes() []route {
	return []route{
		{"POST", "hostedzone", "CreateHostedZone", createHostedZone},
		{"GET", "hostedzone", "ListHostedZones", listHostedZones},
		{"GET", "hostedzonesbyname", "ListHostedZonesByName", listHostedZonesByName},
		{"GET", "hostedzone/*", "GetHostedZone", getHostedZone},
		{"DELETE", "hostedzone/*", "DeleteHostedZone", deleteHostedZone},
		{"POST", "hostedzone/*/rrset", "ChangeResourceRecordSets", changeResourceRecordSets},
		{"GET", "hostedzone/*/rrset", "ListResourceRecordSets", listResourceRecordSets},
		{"GET", "change/*", "GetChange", getChange},
	}
}

// findRoute returns the operation and the ID in the path.
func findRoute(method, path string) (found route, id string, ok bool) {
	segments := strings.Split(strings.Trim(strings.TrimPrefix(path, route53Prefix), "/"), "/")
	if len(segments) > 1 {
		id, segments[1] = segments[1], "*"
	}
	path = strings.Join(segments, "/")
	for _, r := range routes() {
		if r.method == method && r.path == path {
			return r, id, true
		}
	}
	return route{}, "", false
}

// decodeRoute53 reads a request of Route 53's REST-XML. The call that it
// returns can be refused even if there is an error.
func decodeRoute53(r *http.Request, body []byte) (call, error) {
	c := call{service: route53Service, encodeError: encodeRoute53Error}
	found, id, ok := findRoute(r.Method, r.URL.Path)
	if !ok {
		return c, &apiError{status: http.StatusNotFound, code: "UnknownOperationException", message: "Unknown operation " + r.Method + " " + r.URL.Path}
	}
	c.action, c.encode = found.action, encodeRoute53
	c.charges = []charge{{BucketRoute53, 1}, {c.action, 1}}
	var err error
	c.run, err = found.read(route53Request{id: id, query: r.URL.Query(), body: body, call: &c})
	return c, err
}

// readXML reads the document of a request.
func readXML(body []byte, into any) error {
	if err := xml.Unmarshal(body, into); err != nil {
		return refusef("InvalidInput", "Invalid XML ; %s", err)
	}
	return nil
}

// maxItems reads how many items a list may have; AWS gives no more than limit.
func (r route53Request) maxItems(limit int) (int, error) {
	text := r.query.Get("maxitems")
	if text == "" {
		return limit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, refusef("InvalidInput", "Invalid value for maxitems: '%s'", text)
	}
	return min(n, limit), nil
}

// created is a result that is answered with status 201.
type created struct {
	result   any
	location string
}

func encodeRoute53(result any, requestID string) (reply, error) {
	rep := reply{status: http.StatusOK, requestID: requestID}
	if made, ok := result.(created); ok {
		result, rep.status, rep.location = made.result, http.StatusCreated, made.location
	}
	var err error
	rep.body, err = encodeXML(result, result.(interface{ root() string }).root(), route53Namespace)
	return rep, err
}

func encodeRoute53Error(err *apiError, requestID string) ([]byte, error) {
	type refusal struct {
		Type      string `xml:"Error>Type"`
		Code      string `xml:"Error>Code"`
		Message   string `xml:"Error>Message"`
		RequestID string `xml:"RequestId"`
	}
	kind := "Sender"
	if err.status >= http.StatusInternalServerError {
		kind = "Receiver"
	}
	return encodeXML(refusal{Type: kind, Code: err.code, Message: err.message, RequestID: requestID}, "ErrorResponse", route53Namespace)
}
