package dynamostore

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/eipbinder/eipbinder/store"
)

// picture is what the tables hold, or a part of it.
type picture struct {
	states map[string]state // by allocation ID, without rows
	guards map[store.Key]item
	rows   map[string]item // by rowName
}

// rowName names a row for people, and no other row.
func rowName(row item) string { return textOf(row, attrEIP) + " " + textOf(row, attrDNS) }

func newPicture() picture {
	return picture{states: map[string]state{}, guards: map[store.Key]item{}, rows: map[string]item{}}
}

// addBindings adds items of the binding table. Those that are neither an
// address's nor a guard, such as the pause switch, have no part in this.
func (s *Store) addBindings(p picture, items []item) error {
	for _, i := range items {
		kind, id, _ := strings.Cut(textOf(i, attrKey), "#")
		switch kind := store.KeyKind(kind); kind {
		case store.AddressKey:
			st, err := s.decodeBinding(i)
			if err != nil {
				return err
			}
			p.states[id] = st
		case store.InstanceKey, store.NameKey:
			p.guards[store.Key{Kind: kind, ID: id}] = i
		}
	}
	return nil
}

func (p picture) addRows(rows []item) {
	for _, row := range rows {
		p.rows[rowName(row)] = row
	}
}

// wholePicture scans both tables, consistently, but not at one moment: what is
// written meanwhile may be seen in part.
func (s *Store) wholePicture(ctx context.Context) (picture, error) {
	p := newPicture()
	for _, table := range []string{s.opts.RecordTable, s.opts.BindingTable} {
		in := &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)}
		for items, err := range s.scan(ctx, in) {
			if err != nil {
				return picture{}, err
			}
			if table == s.opts.RecordTable {
				p.addRows(items)
			} else if err := s.addBindings(p, items); err != nil {
				return picture{}, err
			}
		}
	}
	return p, nil
}

// pictureOf reads again what these findings are about. Addresses are read
// before and after all else: those that stayed as they were are as in the
// picture together with their rows and guards, for no transaction changes
// these alone. Those that did not are in moved.
func (s *Store) pictureOf(ctx context.Context, findings []finding) (p picture, moved map[string]bool, err error) {
	read := func(table string, keys map[string]item) (items []item) {
		if err == nil {
			items, err = s.batchGet(ctx, table, slices.Collect(maps.Values(keys)))
		}
		return items
	}
	addresses, guards, rows := subjects(findings)
	before := read(s.opts.BindingTable, addresses)
	guardItems := read(s.opts.BindingTable, guards)
	rowItems := read(s.opts.RecordTable, rows)
	after := read(s.opts.BindingTable, addresses)
	if err != nil {
		return picture{}, nil, err
	}
	p, moved = newPicture(), map[string]bool{}
	p.addRows(rowItems)
	was, is := byKey(before), byKey(after)
	for id, key := range addresses {
		pk := textOf(key, attrKey)
		moved[id] = !reflect.DeepEqual(was[pk], is[pk])
	}
	return p, moved, s.addBindings(p, slices.Concat(before, guardItems))
}

// subjects returns the keys of the items that the findings are about:
// addresses by allocation ID, guards and rows by the findings' subjects.
func subjects(findings []finding) (addresses, guards, rows map[string]item) {
	addresses, guards, rows = map[string]item{}, map[string]item{}, map[string]item{}
	for _, f := range findings {
		for _, id := range f.addresses {
			addresses[id] = keyItem(store.ByAddress(id))
		}
		if f.row != nil {
			rows[f.subject] = item{attrEIP: f.row[attrEIP], attrDNS: f.row[attrDNS]}
		} else {
			guards[f.subject] = keyItem(f.guard)
		}
	}
	return addresses, guards, rows
}

func byKey(items []item) map[string]item {
	keyed := map[string]item{}
	for _, i := range items {
		keyed[textOf(i, attrKey)] = i
	}
	return keyed
}
