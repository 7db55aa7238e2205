package awssim

import (
	"fmt"
	"net/netip"
	"strings"
)

// ids makes identifiers that look like AWS's: distinct, without order, and the
// same in every run.
type ids struct{ n uint64 }

// next is splitmix64, which gives each counter value another number.
func (g *ids) next() uint64 {
	g.n++
	z := g.n * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// ec2 returns an ID such as "i-0a1b2c3d4e5f60718".
func (g *ids) ec2(prefix string) string { return fmt.Sprintf("%s-0%016x", prefix, g.next()) }

// route53 returns an ID such as "Z1A2B3C4D5E6F7089".
func (g *ids) route53(prefix string) string {
	return strings.ToUpper(fmt.Sprintf("%s0%016x", prefix, g.next()))
}

func (g *ids) uuid() string {
	a, b := g.next(), g.next()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

// ipRange hands out the addresses of prefixes, each once.
type ipRange struct {
	prefixes []netip.Prefix
	last     netip.Addr
}

// newElasticRange begins with the documentation prefixes and goes on in the
// benchmarking one (RFC 5737, RFC 2544): none of them is anybody's.
func newElasticRange() *ipRange {
	return &ipRange{prefixes: []netip.Prefix{
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("198.18.0.0/16"),
	}}
}

func newAutoAssignedRange() *ipRange {
	return &ipRange{prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.19.0.0/16")}}
}

func newSubnetRange(zone int) *ipRange {
	prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(zone), 0, 0}), 16)
	return &ipRange{prefixes: []netip.Prefix{prefix}}
}

// next returns the next address, and false once there are none left.
func (r *ipRange) next() (netip.Addr, bool) {
	for len(r.prefixes) > 0 {
		if !r.last.IsValid() {
			r.last = r.prefixes[0].Addr() // the network's own address is not handed out
		}
		if r.last = r.last.Next(); r.prefixes[0].Contains(r.last) {
			return r.last, true
		}
		r.prefixes, r.last = r.prefixes[1:], netip.Addr{}
	}
	return netip.Addr{}, false
}
