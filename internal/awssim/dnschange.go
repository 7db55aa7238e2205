package awssim

import (
	"net/http"
	"time"
)

// dnsChange is an accepted change on its way to the name servers.
type dnsChange struct {
	id, comment string
	submittedAt time.Time
	insyncAt    time.Time
}

func (m *model) newChange(comment string, insyncAt time.Time) *dnsChange {
	c := &dnsChange{id: m.ids.route53("C"), comment: comment, submittedAt: m.now, insyncAt: insyncAt}
	m.changes[c.id] = c
	return c
}

type changeItem struct {
	ID          string `xml:"Id"`
	Status      string `xml:"Status"`
	SubmittedAt string `xml:"SubmittedAt"`
	Comment     string `xml:"Comment,omitempty"`
}

func (m *model) describeChange(c *dnsChange) changeItem {
	item := changeItem{ID: "/change/" + c.id, Status: "PENDING", SubmittedAt: timestamp(c.submittedAt), Comment: c.comment}
	if !m.now.Before(c.insyncAt) {
		item.Status = "INSYNC"
	}
	return item
}

// changeReply is the answer of calls that return a change and no more.
type changeReply struct {
	name   string
	Change changeItem `xml:"ChangeInfo"`
}

func (r changeReply) root() string { return r.name }

func getChange(r route53Request) (func(*model) (any, error), error) {
	return func(m *model) (any, error) {
		c, ok := m.changes[r.id]
		if !ok {
			return nil, &apiError{status: http.StatusNotFound, code: "NoSuchChange", message: "Could not find resource with ID: " + r.id}
		}
		return changeReply{name: "GetChangeResponse", Change: m.describeChange(c)}, nil
	}, nil
}
