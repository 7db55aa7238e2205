package dynamostore

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

// boundRecord is a record as bindings mostly have it.
func boundRecord() store.Record {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	return store.Record{
		AllocationID: "eipalloc-0123456789abcdef0", IP: netip.MustParseAddr("203.0.113.7"), BinderID: "eipbinder",
		Phase: store.Bound, Version: 3, WriteID: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		InstanceID: "i-0123456789abcdef0", NetworkInterfaceID: "eni-0123456789abcdef0", AssociationID: "eipassoc-0123456789abcdef0",
		Name: "ip-203-0-113-7.media.example.com.", AvailabilityZone: "eu-central-1b", Tags: map[string]string{"team": "media"},
		RRSets:      []store.RRSet{{Name: "ip-203-0-113-7.media.example.com.", Type: "A", TTL: time.Minute, Values: []string{"203.0.113.7"}}},
		Propagation: "C0123456789ABCDEFGHIJ", InSync: true, AttemptedAt: at, BoundAt: at, LastInstanceID: "i-0fedcba9876543210",
	}
}

func BenchmarkEncode(b *testing.B) {
	r := boundRecord()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encodeBinding(r, 2, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	encoded, err := encodeBinding(boundRecord(), 2, nil)
	if err != nil {
		b.Fatal(err)
	}
	for name, make := range map[string]func() *Store{
		"new": func() *Store { return new(Store) }, "unchanged": sync.OnceValue(func() *Store { return new(Store) }),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if s, err := make().decodeBinding(encoded); err != nil || s.record == nil {
					b.Fatal(s, err)
				}
			}
		})
	}
}
