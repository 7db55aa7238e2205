package dynamostore

import (
	"maps"
	"reflect"
	"testing"
)

// What a Store knows of an item never shows in what another one would read.
func TestUnchangedItems(t *testing.T) {
	s := new(Store)
	r := boundRecord()
	first, err := encodeBinding(r, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Reason = "another"
	second, err := encodeBinding(r, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	hidden := true
	carried, err := encodeBinding(r, 2, &hidden)
	if err != nil {
		t.Fatal(err)
	}
	damaged := maps.Clone(second)
	damaged[attrVersion] = number(r.Version + 1)
	for n, i := range []item{first, first, second, damaged, second, carried, second, first} {
		got, err := s.decodeBinding(i)
		want, wantErr := new(Store).decodeBinding(i)
		if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) {
			t.Errorf("item %d: %+v, %v, want %+v, %v", n, got, err, want, wantErr)
		}
		if got.record != nil { // who reads may change what was read
			got.record.RRSets[0].Values[0], got.record.Reason = "changed", "changed"
		}
	}
}
