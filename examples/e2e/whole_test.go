package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/store"
)

// machine is an instance that is a worker.
type machine struct{ instanceID, networkInterfaceID string }

// machine launches a worker.
func (c *cloud) machine(tb testing.TB) machine {
	tb.Helper()
	instance, networkInterface := c.launch(tb, worker)
	return machine{instance, networkInterface}
}

// picture is all that there is, one fact a line, without what differs from run
// to run: times, and the numbers of versions, changes and associations, of which
// it says only whether they agree.
func (c *cloud) picture(tb testing.TB) []string {
	tb.Helper()
	s := c.state(tb)
	var lines []string
	held := map[string]string{} // association ID by IP
	for _, a := range s.Addresses {
		lines = append(lines, fmt.Sprintf("address %s of %s", a.IP, a.NetworkInterfaceID))
		held[a.IP] = a.AssociationID
	}
	for _, name := range s.Names {
		if strings.Contains(name, suffix) {
			lines = append(lines, "name "+name)
		}
	}
	for _, text := range s.Rows {
		lines = append(lines, rowLine(parse(tb, text), held))
	}
	for _, text := range s.Bindings {
		lines = append(lines, bindingLine(tb, parse(tb, text), held))
	}
	slices.Sort(lines)
	return lines
}

// attributes are those of an item.
type attributes map[string]struct{ Value any }

func parse(tb testing.TB, text string) attributes {
	tb.Helper()
	var i attributes
	if err := json.Unmarshal([]byte(text), &i); err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return i
}

func (a attributes) text(name string) string {
	text, _ := a[name].Value.(string)
	return text
}

func rowLine(row attributes, held map[string]string) string {
	ip := row.text("EIP")
	return fmt.Sprintf("row %s %s of %s, allocated %v%s",
		ip, row.text("DNS_Record"), row.text("InstanceId"), row["allocated"].Value, disagreement(row.text("AssociationId"), held[ip]))
}

// bindingLine is a record's or a guard's.
func bindingLine(tb testing.TB, item attributes, held map[string]string) string {
	tb.Helper()
	if item.text("record") == "" {
		return fmt.Sprintf("guard %s of %s", item.text("pk"), item.text("allocation_id"))
	}
	var r store.Record
	if err := json.Unmarshal([]byte(item.text("record")), &r); err != nil {
		tb.Fatal(err)
	}
	line := recordLine(r) + disagreement(r.AssociationID, held[r.IP.String()])
	if item.text("phase") != string(r.Phase) || item.text("pk") != "address#"+r.AllocationID || r.Owner != "" || r.Draining {
		line += fmt.Sprintf(", which is odd: %v", item)
	}
	return line
}

func recordLine(r store.Record) string {
	if r.Phase == store.Free {
		return fmt.Sprintf("record %s free, last of %s", r.IP, r.LastInstanceID)
	}
	return fmt.Sprintf("record %s %s, %s of %s, in sync %t", r.IP, r.Phase, r.Name, r.InstanceID, r.InSync)
}

func disagreement(associationID, actual string) string {
	if associationID == actual {
		return ""
	}
	return fmt.Sprintf(", association %q instead of %q", associationID, actual)
}

// naming is how a deployment names its workers. Zero: by the policy dotted-ip, for
// 60 s.
type naming struct {
	dashed bool // by the policy dashed-ip
	ttl    int  // s
	kept   bool // all addresses, which are the pool's, have names
}

// set is the name of an address, and its record set.
func (n naming) set(ip string) (name, line string) {
	ttl := n.ttl
	if ttl == 0 {
		ttl = 60
	}
	name = ip + "." + suffix
	if n.dashed {
		name = "ip-" + strings.ReplaceAll(ip, ".", "-") + "." + suffix
	}
	return name, fmt.Sprintf(`name ["%s.","A",%d,["%s"]]`, name, ttl, ip)
}

// wantBound checks that exactly these workers are bound, each to one address,
// and that zone and tables say just that. Of the other addresses as many have a
// record as were freed.
func (c *cloud) wantBound(tb testing.TB, bound []machine, freed int) {
	tb.Helper()
	holders := map[string]string{} // instance ID by interface
	for _, m := range bound {
		holders[m.networkInterfaceID] = m.instanceID
	}
	var want []string
	associated := 0
	for _, a := range c.addresses(tb) {
		want = append(want, fmt.Sprintf("address %s of %s", a.IP, a.NetworkInterfaceID))
		name, published := c.naming.set(a.IP)
		if a.AssociationID != "" || c.naming.kept {
			want = append(want, published, fmt.Sprintf("guard name#%s. of %s", name, a.AllocationID))
		}
		if a.AssociationID == "" {
			continue
		}
		associated++
		instance := holders[a.NetworkInterfaceID]
		delete(holders, a.NetworkInterfaceID) // a second address is one too many
		want = append(want,
			fmt.Sprintf("row %s %s of %s, allocated false", a.IP, name, instance),
			fmt.Sprintf("record %s bound, %s. of %s, in sync true", a.IP, name, instance),
			fmt.Sprintf("guard instance#%s of %s", instance, a.AllocationID))
	}
	if associated != len(bound) || len(holders) > 0 {
		tb.Errorf("%d addresses are associated, and these workers have none: %v; want one for each of %d", associated, holders, len(bound))
	}
	got := c.picture(tb)
	free := func(line string) bool { return strings.Contains(line, " free, ") }
	if n := len(got) - len(slices.DeleteFunc(slices.Clone(got), free)); n != freed {
		tb.Errorf("%d records are free, want %d", n, freed)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.DeleteFunc(got, free)); diff != "" {
		tb.Errorf("not exactly the bound workers (-want +got):\n%s", diff)
	}
}
