package awssim

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
)

const ec2Namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

// ec2Action reads an action's parameters, all of them, and returns what it
// does with the model. What it does returns a pointer to a struct of which the
// answer is made.
type ec2Action func(*form) func(*model) (any, error)

// findEC2Action returns nil if there is no such action.
func findEC2Action(name string) ec2Action {
	return map[string]ec2Action{
		"AllocateAddress":            allocateAddress,
		"AssociateAddress":           associateAddress,
		"AttachNetworkInterface":     attachNetworkInterface,
		"CreateNetworkInterface":     createNetworkInterface,
		"CreateTags":                 createTags,
		"DeleteTags":                 deleteTags,
		"DescribeAddresses":          describeAddresses,
		"DescribeAddressesAttribute": describeAddressesAttribute,
		"DescribeInstances":          describeInstances,
		"DisassociateAddress":        disassociateAddress,
		"ModifyAddressAttribute":     modifyAddressAttribute,
		"ReleaseAddress":             releaseAddress,
		"ResetAddressAttribute":      resetAddressAttribute,
		"RunInstances":               runInstances,
		"StartInstances":             changeStatesAction((*model).startInstances, "AdditionalInfo"),
		"StopInstances":              changeStatesAction((*model).stopInstances, "Force", "Hibernate", "SkipOsShutdown"),
		"TerminateInstances":         changeStatesAction((*model).terminateInstances, "Force", "SkipOsShutdown"),
	}[name]
}

// decodeEC2 reads a request of the EC2 Query protocol. The call that it
// returns can be refused even if there is an error.
func decodeEC2(r *http.Request, body []byte) (call, error) {
	c := call{service: ec2Service, encodeError: encodeEC2Error}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return c, refusef("MalformedQueryString", "The query string contains a syntax error.")
	}
	for key, more := range r.URL.Query() {
		values[key] = append(values[key], more...)
	}
	r.PostForm = values
	c.action = values.Get("Action")
	action := findEC2Action(c.action)
	switch {
	case r.URL.Path != "" && r.URL.Path != "/":
		return c, &apiError{status: http.StatusNotFound, code: "InvalidAction", message: "There is nothing at " + r.URL.Path}
	case c.action == "":
		return c, refusef("MissingAction", "The request is missing an action or a required parameter.")
	case action == nil:
		return c, refusef("InvalidAction", "The action %s is not valid for this web service.", c.action)
	}
	c.describes = strings.HasPrefix(c.action, "Describe")
	c.charges = chargesOf(c.action, values)
	f := newForm(values)
	c.run = action(f)
	c.encode = c.encodeEC2
	return c, f.finish()
}

// ec2Reply is what every answer begins with.
type ec2Reply struct {
	RequestID string `xml:"requestId"`
}

func (r *ec2Reply) setRequestID(id string) { r.RequestID = id }

func (c call) encodeEC2(result any, requestID string) (reply, error) {
	result.(interface{ setRequestID(string) }).setRequestID(requestID)
	body, err := encodeXML(result, c.action+"Response", ec2Namespace)
	return reply{status: http.StatusOK, requestID: requestID, body: body}, err
}

func encodeEC2Error(err *apiError, requestID string) ([]byte, error) {
	type refusal struct {
		Code      string `xml:"Errors>Error>Code"`
		Message   string `xml:"Errors>Error>Message"`
		RequestID string `xml:"RequestID"` // in an EC2 error it is spelled like this
	}
	return encodeXML(refusal{Code: err.code, Message: err.message, RequestID: requestID}, "Response", "")
}

func encodeXML(value any, root, namespace string) ([]byte, error) {
	start := xml.StartElement{Name: xml.Name{Local: root}}
	if namespace != "" {
		start.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}}
	}
	out := bytes.NewBufferString(xml.Header)
	enc := xml.NewEncoder(out)
	if err := enc.EncodeElement(value, start); err != nil {
		return nil, err
	}
	return out.Bytes(), enc.Close()
}
