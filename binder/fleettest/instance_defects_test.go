package fleettest

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

func instanceDefects() []defect {
	secondaryIP := netip.MustParseAddr("10.9.9.9")
	amazons := netip.MustParseAddr("198.51.100.7")
	return []defect{
		misread("the interface is another one", func(i *binder.Instance) { i.NetworkInterfaceID = "eni-secondary" }, "instance"),
		misread("the private address is another one", func(i *binder.Instance) { i.PrivateIP = secondaryIP }, "instance"),
		misread("the network border group is missing", func(i *binder.Instance) { i.NetworkBorderGroup = "" }, "instance"),
		misread("the zone is the border group", func(i *binder.Instance) { i.AvailabilityZone = i.NetworkBorderGroup }, "instance"),
		misread("the type has no size", func(i *binder.Instance) { i.Type, _, _ = strings.Cut(i.Type, ".") }, "instance"),
		misread("the launch is never", func(i *binder.Instance) { i.LaunchedAt = time.Time{} }, "instance"),
		misread("there is a tag too many", func(i *binder.Instance) { i.Tags = map[string]string{"role": "media", "more": ""} }, "instance"),
		{"what is listed is not whole", []string{"instance"}, func(b *broken) {
			b.onListed(func(i *binder.Instance) { i.NetworkInterfaceID = "" })
		}},
		misread("the state is in other words", func(i *binder.Instance) {
			if i.State == binder.ShuttingDown {
				i.State = "deleting"
			}
		}, "instance-state"),
		misread("no Elastic IP is seen", func(i *binder.Instance) { i.ElasticIP = netip.Addr{} }, "elastic-ip"),
		{"no Elastic IP is listed", []string{"elastic-ip"}, func(b *broken) {
			b.onListed(func(i *binder.Instance) { i.ElasticIP = netip.Addr{} })
		}},
		{"an Elastic IP is everybody's", []string{"elastic-ip"}, func(b *broken) {
			var ip netip.Addr
			b.onInstance(func(i *binder.Instance) {
				if i.ElasticIP.IsValid() {
					ip = i.ElasticIP
				}
				i.ElasticIP = ip
			})
		}},
		{"an auto-assigned address counts", []string{"auto-assigned-ip"}, func(b *broken) {
			b.onInstance(func(i *binder.Instance) {
				if slices.Contains(b.public, i.ID) {
					i.ElasticIP = amazons
				}
			})
		}},
	}
}

// misread is the defect that Describe makes something else of an instance.
func misread(what string, change func(*binder.Instance), fails ...string) defect {
	return defect{what, fails, func(b *broken) { b.onInstance(change) }}
}
