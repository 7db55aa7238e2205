package e2e_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

const account = "123456789012"

// inventory is what the test knows of EC2's resources.
type inventory struct {
	// association returns what an association is of, as long as it is there.
	association func(associationID string) (address, bool)

	mu     sync.Mutex
	tags   map[string]map[string]string // of addresses, interfaces and instances, by ID
	owners map[string]string            // instance by interface
}

// trail stands between a function and AWS, and notes what each call must be
// allowed.
type trail struct {
	*inventory

	mu       sync.Mutex
	needs    []need
	answered map[string]int // by action
	hang     hang
}

// hang freezes a process while its call is answered.
type hang struct {
	action string
	after  int // of them
	freeze func()
}

// tag notes the tags of resources.
func (i *inventory) tag(tags map[string]string, ids ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, id := range ids {
		i.tags[id] = tags
	}
}

// own notes a machine, with the tags of both of its parts.
func (i *inventory) own(m machine, tags map[string]string) {
	i.tag(tags, m.instanceID, m.networkInterfaceID)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.owners[m.networkInterfaceID] = m.instanceID
}

// proxy passes on to the service's endpoint, and returns its own endpoint.
func (t *trail) proxy(tb testing.TB, service, endpoint string) string {
	tb.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	next := httputil.NewSingleHostReverseProxy(target)
	next.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) {
		w.WriteHeader(http.StatusBadGateway) // the process has been killed
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // it has been killed
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		needs, err := t.read(service, r, body)
		if err != nil || len(needs) == 0 {
			tb.Errorf("%s %s %s: the test does not know what it needs: %v", service, r.Method, r.URL, err)
		}
		reply := httptest.NewRecorder()
		next.ServeHTTP(reply, r)
		t.note(needs)
		maps.Copy(w.Header(), reply.Header())
		w.WriteHeader(reply.Code)
		_, _ = w.Write(reply.Body.Bytes())
	}))
	tb.Cleanup(server.Close)
	return server.URL
}

// note notes what an answered call needed.
func (t *trail) note(needs []need) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.needs = append(t.needs, needs...)
	for _, action := range actionsOf(needs) {
		t.answered[action]++
		if t.hang.freeze != nil && action == t.hang.action && t.answered[action] == t.hang.after {
			t.hang.freeze()
		}
	}
}

// rename: what was needed for a resource would be for its successor.
func (t *trail) rename(old, successor string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.needs {
		if t.needs[i].resource == old {
			t.needs[i].resource = successor
		}
	}
}

func actionsOf(needs []need) (actions []string) {
	for _, n := range needs {
		actions = append(actions, n.action)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// read says what a call needs ("Service Authorization Reference").
func (t *trail) read(service string, r *http.Request, body []byte) ([]need, error) {
	switch service {
	case "EC2":
		return t.ec2Needs(body)
	case "ROUTE_53":
		return route53Needs(r, body)
	case "DYNAMODB":
		return dynamodbNeeds(r, body)
	case "SQS":
		return sqsNeeds(r, body)
	}
	return nil, fmt.Errorf("no service %s", service)
}

func (i *inventory) ec2Needs(body []byte) ([]need, error) {
	form, err := url.ParseQuery(string(body))
	action := "ec2:" + form.Get("Action")
	switch form.Get("Action") {
	case "AssociateAddress":
		networkInterface := form.Get("NetworkInterfaceId")
		i.mu.Lock()
		defer i.mu.Unlock()
		return []need{
			i.on(action, "elastic-ip", form.Get("AllocationId")),
			i.on(action, "network-interface", networkInterface),
			i.on(action, "instance", i.owners[networkInterface]),
		}, err
	case "DisassociateAddress":
		a, ok := i.association(form.Get("AssociationId"))
		if !ok {
			return nil, fmt.Errorf("%s is not there", form.Get("AssociationId"))
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		return []need{i.on(action, "elastic-ip", a.AllocationID), i.on(action, "network-interface", a.NetworkInterfaceID)}, err
	case "ModifyAddressAttribute", "ResetAddressAttribute":
		i.mu.Lock()
		defer i.mu.Unlock()
		return []need{i.on(action, "elastic-ip", form.Get("AllocationId"))}, err
	}
	return []need{{action: action, resource: "*"}}, err
}

// on is an action on a resource of EC2's, with its tags.
func (i *inventory) on(action, kind, id string) need {
	n := need{action: action, resource: fmt.Sprintf("arn:aws:ec2:%s:%s:%s/%s", region, account, kind, id), context: map[string][]string{}}
	for key, value := range i.tags[id] {
		n.context["aws:ResourceTag/"+key] = []string{value}
	}
	return n
}

func route53Needs(r *http.Request, body []byte) ([]need, error) {
	path := strings.TrimPrefix(r.URL.Path, "/2013-04-01/")
	resource, rest, _ := strings.Cut(strings.TrimPrefix(path, "hostedzone/"), "/")
	n := need{resource: "arn:aws:route53:::hostedzone/" + resource}
	switch {
	case r.Method == http.MethodGet && strings.HasPrefix(path, "change/"):
		n.action, n.resource = "route53:GetChange", "arn:aws:route53:::"+path
	case r.Method == http.MethodGet && rest == "rrset":
		n.action = "route53:ListResourceRecordSets"
	case r.Method == http.MethodGet && rest == "":
		n.action = "route53:GetHostedZone"
	case r.Method == http.MethodPost && strings.HasPrefix(rest, "rrset"):
		var err error
		n.action = "route53:ChangeResourceRecordSets"
		n.context, err = changes(body)
		return []need{n}, err
	default:
		return nil, nil
	}
	return []need{n}, nil
}

// changes are the condition keys of a change of record sets.
func changes(body []byte) (map[string][]string, error) {
	var request struct {
		Changes []struct {
			Action string
			Name   string `xml:"ResourceRecordSet>Name"`
			Type   string `xml:"ResourceRecordSet>Type"`
		} `xml:"ChangeBatch>Changes>Change"`
	}
	if err := xml.Unmarshal(body, &request); err != nil || len(request.Changes) == 0 {
		return nil, fmt.Errorf("%w in %s", err, body)
	}
	const key = "route53:ChangeResourceRecordSets"
	keys := map[string][]string{}
	for _, c := range request.Changes {
		for name, value := range map[string]string{
			"Actions": c.Action, "RecordTypes": c.Type, "NormalizedRecordNames": strings.ToLower(strings.TrimSuffix(c.Name, ".")),
		} {
			keys[key+name] = append(keys[key+name], value)
		}
	}
	return keys, nil
}

// operation is the name in X-Amz-Target.
func operation(r *http.Request) string {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name
}

func dynamodbNeeds(r *http.Request, body []byte) (needs []need, err error) {
	var request struct {
		TableName     string
		RequestItems  map[string]any
		TransactItems []map[string]struct{ TableName string }
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	add := func(action, table string) {
		needs = append(needs, need{action: "dynamodb:" + action, resource: fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/%s", region, account, table)})
	}
	for table := range request.RequestItems {
		add(operation(r), table)
	}
	// There is no action for TransactWriteItems.
	kinds := map[string]string{"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
	for _, write := range request.TransactItems {
		for kind, about := range write {
			add(kinds[kind], about.TableName)
		}
	}
	if request.TableName != "" {
		add(operation(r), request.TableName)
	}
	return needs, nil
}

// sqsNeeds: batches need the right to what they have several of.
func sqsNeeds(r *http.Request, body []byte) ([]need, error) {
	var request struct{ QueueURL string }
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	name := request.QueueURL[strings.LastIndex(request.QueueURL, "/")+1:]
	return []need{{
		action:   "sqs:" + strings.TrimSuffix(operation(r), "Batch"),
		resource: fmt.Sprintf("arn:aws:sqs:%s:%s:%s", region, account, name),
	}}, nil
}
