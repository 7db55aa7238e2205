package awssim

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// instanceFilters are the filters of DescribeInstances that the model has,
// beside those of tags.
func instanceFilters() []string {
	return []string{"availability-zone", "client-token", "image-id", "instance-id", "instance-state-code", "instance-state-name",
		"instance-type", "network-interface.network-interface-id", "private-ip-address", "reservation-id", "subnet-id", "vpc-id"}
}

func describeInstances(f *form) func(*model) (any, error) {
	q := instanceQuery{ids: f.list("InstanceId"), filters: f.filters(instanceFilters()...)}
	paged := f.has("MaxResults") || f.has("NextToken")
	q.maxResults, q.token = f.integer("MaxResults", maxPage), f.str("NextToken")
	if paged && len(q.ids) > 0 {
		f.fail(refusef("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults"))
	}
	if q.maxResults < minPage || q.maxResults > maxPage {
		f.fail(refusef("InvalidParameterValue", "Value (%d) for parameter maxResults is invalid. Expecting a value between %d and %d.", q.maxResults, minPage, maxPage))
	}
	if !paged {
		q.maxResults = 0
	}
	return func(m *model) (any, error) {
		page, next, err := m.describeInstances(q)
		rep := &describeInstancesReply{NextToken: next}
		rep.Reservations.Items = m.reservations(page)
		return rep, err
	}
}

// EC2's limits of MaxResults.
const (
	minPage = 5
	maxPage = 1000
)

type describeInstancesReply struct {
	ec2Reply
	Reservations list[reservation] `xml:"reservationSet"`
	NextToken    string            `xml:"nextToken,omitempty"`
}

// instanceQuery is what DescribeInstances asks for.
type instanceQuery struct {
	ids        []string
	filters    filters
	maxResults int // 0: no pages
	token      string
}

// describeInstances returns a page of the instances in the order of their
// launch, and the token of the next one.
func (m *model) describeInstances(q instanceQuery) (page []*instance, next string, err error) {
	from, err := decodeToken(q.token)
	if err != nil {
		return nil, "", err
	}
	if len(q.ids) > 0 {
		page, err = m.findInstances(q.ids)
	} else {
		for _, id := range m.launched {
			page = append(page, m.instances[id])
		}
	}
	page = slices.DeleteFunc(page, func(i *instance) bool { return i.number < from || !q.filters.match(i.attribute, i.tags) })
	if q.maxResults > 0 && len(page) > q.maxResults {
		next = encodeToken(page[q.maxResults].number)
		page = page[:q.maxResults]
	}
	return page, next, err
}

// A token names the first instance of its page.
func encodeToken(number int) string {
	return base64.StdEncoding.EncodeToString([]byte("instance " + strconv.Itoa(number)))
}

func decodeToken(token string) (number int, err error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.StdEncoding.DecodeString(token)
	digits, ok := strings.CutPrefix(string(text), "instance ")
	number, convErr := strconv.Atoi(digits)
	if err != nil || !ok || convErr != nil {
		return 0, refusef("InvalidNextToken", "The specified NextToken is not valid.")
	}
	return number, nil
}

// attribute returns the instance's values of a filter.
func (i *instance) attribute(filter string) (values []string) {
	switch filter { // keep in step with instanceFilters
	case "availability-zone":
		return []string{i.subnet.zone.Name}
	case "client-token":
		return present(i.clientToken)
	case "image-id":
		return present(i.imageID)
	case "instance-id":
		return []string{i.id}
	case "instance-state-code":
		return []string{strconv.Itoa(i.state.code())}
	case "instance-state-name":
		return []string{string(i.state)}
	case "instance-type":
		return []string{i.kind}
	case "reservation-id":
		return []string{i.reservationID}
	}
	return i.networkAttribute(filter)
}

// networkAttribute returns what a terminated instance does not have any more.
func (i *instance) networkAttribute(filter string) (values []string) {
	for _, eni := range i.interfaces {
		switch {
		case filter == "network-interface.network-interface-id":
			values = append(values, eni.id)
		case eni.deviceIndex > 0:
		case filter == "private-ip-address":
			values = append(values, eni.ips[0].String())
		case filter == "subnet-id":
			values = append(values, eni.subnet.id)
		case filter == "vpc-id":
			values = append(values, vpcID)
		}
	}
	return values
}

// reservations groups the instances, which are in the order of their launch.
func (m *model) reservations(page []*instance) []reservation {
	var rs []reservation
	for len(page) > 0 {
		end := slices.IndexFunc(page, func(i *instance) bool { return i.reservationID != page[0].reservationID })
		if end < 0 {
			end = len(page)
		}
		rs = append(rs, m.reservation(page[:end]))
		page = page[end:]
	}
	return rs
}
