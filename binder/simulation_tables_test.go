package binder_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/internal/dynamosim"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// The records are in the tables of package dynamostore, whose rows schedule
// servers read and flip, with or without conditions, and people edit. What
// invariants say of rows is judged by the rows, not by what a store says.

const rowTable, bindingTable = "record_table", "binding_table"

// newTables returns the tables and the store on them.
func newTables(s *simulation) {
	s.tables = dynamosim.New(map[string][]string{rowTable: {"EIP", "DNS_Record"}, bindingTable: {"pk"}})
	var err error
	s.store, err = dynamostore.New(s.tables, func(o *dynamostore.Options) { o.RetryBase, o.RetryMax = 0, 0 })
	if err != nil {
		s.t.Fatal(err)
	}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func boolean(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func textOf(i dynamosim.Item, name string) string {
	if v, ok := i[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

// rowID names a row.
type rowID struct{ ip, name string }

func rowOf(r store.Record) rowID { return rowID{r.IP.String(), strings.TrimSuffix(r.Name, ".")} }

func (id rowID) String() string { return "row " + id.ip + " " + id.name }

func (id rowID) key() dynamosim.Item {
	return dynamosim.Item{"EIP": text(id.ip), "DNS_Record": text(id.name)}
}

// row is what a schedule server sees of a worker.
type row struct {
	instanceID, associationID string
	allocated, flagged        bool // flagged: it has the flag
}

func (s *simulation) rows() map[rowID]row {
	found := map[rowID]row{}
	for i := range s.tables.All(rowTable) {
		found[rowID{textOf(i, "EIP"), textOf(i, "DNS_Record")}] = rowIn(i)
	}
	return found
}

func rowIn(i dynamosim.Item) row {
	flag, ok := i["allocated"].(*types.AttributeValueMemberBOOL)
	return row{textOf(i, "InstanceId"), textOf(i, "AssociationId"), ok && flag.Value, ok}
}

// rowsOf returns those rows of these that there are.
func (s *simulation) rowsOf(ids ...rowID) map[rowID]row {
	var keys []dynamosim.Item
	for _, id := range ids {
		keys = append(keys, id.key())
	}
	out, err := s.tables.BatchGetItem(context.Background(), &dynamodb.BatchGetItemInput{
		RequestItems: map[string]types.KeysAndAttributes{rowTable: {Keys: keys}},
	})
	if err != nil {
		s.t.Error(err)
		return nil
	}
	found := map[rowID]row{}
	for _, i := range out.Responses[rowTable] {
		found[rowID{textOf(i, "EIP"), textOf(i, "DNS_Record")}] = rowIn(i)
	}
	return found
}

// remember notes a row that schedule servers know from now on, even when it has
// gone.
func (s *simulation) remember(id rowID) {
	s.seen = append(s.seen, id)
	s.seen = s.seen[max(0, len(s.seen)-300):]
}

// judgeFlags checks I6: a binder never changes the flag of a worker that was and
// stays to be seen.
func (s *simulation) judgeFlags(before, after map[rowID]row) {
	for id, was := range before {
		is, stays := after[id]
		if stays && was.flagged && is.instanceID == was.instanceID && is.instanceID != "" && is.allocated != was.allocated {
			s.violated(fmt.Sprintf("I6: the flag of %s became %t", id, is.allocated), is.instanceID)
		}
	}
}

// audits lets a binder audit the store. The caller holds s.mu.
func (s *simulation) audits(ctx context.Context, repair bool) (found []store.Discrepancy, err error) {
	before := s.rows()
	found, err = s.store.Audit(sent(ctx), repair)
	s.judgeFlags(before, s.rows())
	return found, err
}

// rowBefore is the row that the record will have, if it is there.
func (s *simulation) rowBefore(r store.Record) map[rowID]row {
	if r.InstanceID == "" {
		return nil
	}
	return s.rowsOf(rowOf(r))
}

// judgeRow checks I6 of a record that was just written: who is bound and not
// draining has its row, with the flag that a server has set, and nobody else has.
func (s *simulation) judgeRow(before map[rowID]row, r store.Record) {
	if r.InstanceID == "" {
		return // it has no name, and so no row: see wrongTables
	}
	if r.Visible() {
		s.remember(rowOf(r))
	}
	found, exists := s.rowsOf(rowOf(r))[rowOf(r)]
	was, existed := before[rowOf(r)]
	ids := []string{r.AllocationID, r.InstanceID}
	switch set := s.flags[r.AllocationID]; {
	case !r.Visible() && existed && exists && found == was && s.written[rowOf(r)]: // by hand: the audit's
	case !r.Visible() && exists && found.instanceID == r.InstanceID:
		s.violated(fmt.Sprintf("I6: servers see %s, which is %s and draining: %t", r.InstanceID, r.Phase, r.Draining), ids...)
	case !r.Visible():
	case !exists || found.instanceID != r.InstanceID || found.associationID != r.AssociationID:
		s.violated(fmt.Sprintf("I6: %s is to be seen, and has the row %+v", r.InstanceID, found), ids...)
	case found.allocated != (set.instanceID == r.InstanceID && set.allocated):
		s.violated(fmt.Sprintf("I6: allocated is %t in the row of %s", found.allocated, r.InstanceID), ids...)
	}
}

// reflag notes what flag the store has now, after somebody's hand was on it.
func (s *simulation) reflag(allocationID string) {
	if r := s.record(store.ByAddress(allocationID)); r != nil {
		s.flags[allocationID] = flagged{r.InstanceID, r.Allocated}
	}
}

// flip is a schedule server that knows no conditions: it writes to whatever row
// it has once seen.
func (s *simulation) flip() {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := pick(s, s.seen)
	if !ok {
		return
	}
	value := s.random.IntN(2) == 0
	saw, exists := s.rowsOf(id)[id]
	_, err := s.tables.UpdateItem(context.Background(), &dynamodb.UpdateItemInput{
		TableName: aws.String(rowTable), Key: id.key(), UpdateExpression: aws.String("SET allocated = :a"),
		ExpressionAttributeValues: dynamosim.Item{":a": boolean(value)},
	})
	if err != nil {
		s.t.Error(err)
	}
	allocationID := s.byIP[id.ip]
	s.note("legacy server", fmt.Sprintf("allocated=%t in %s", value, id), "", allocationID, saw.instanceID)
	s.tally["flips"]++
	if !exists {
		s.tally["flips of nothing"]++
		s.changed[cmp.Or(allocationID, id.String())], s.changed[id.String()] = time.Now(), time.Now()
	}
	if allocationID != "" {
		s.reflag(allocationID)
	}
	r := s.record(store.ByAddress(allocationID))
	if r != nil && r.Visible() && rowOf(*r) == id && r.Allocated != value {
		s.violated(fmt.Sprintf("I6: a server has set %t, and the record says %t", value, r.Allocated), allocationID, r.InstanceID)
	}
}

// editRow is somebody who deletes or changes a row by hand.
func (s *simulation) editRow() {
	r, ok := s.any(isBound)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := rowOf(r)
	what := "delete the row"
	switch s.random.IntN(3) {
	case 0:
		s.write(s.tables.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{TableName: aws.String(rowTable), Key: id.key()}))
	case 1:
		what = "change the row"
		s.setInRow(id, "AssociationId", "eipassoc-wrong")
	case 2: // also of one who is hidden
		what = "write a row"
		s.setInRow(id, "InstanceId", r.InstanceID)
	}
	s.hand(what, r.AllocationID, r.InstanceID)
	s.reflag(r.AllocationID)
}

func (s *simulation) setInRow(id rowID, attribute, value string) {
	s.written[id] = true
	s.write(s.tables.UpdateItem(context.Background(), &dynamodb.UpdateItemInput{
		TableName: aws.String(rowTable), Key: id.key(), UpdateExpression: aws.String("SET " + attribute + " = :v"),
		ExpressionAttributeValues: dynamosim.Item{":v": text(value)},
	}))
}

// write takes the result of a hand's write to the tables.
func (s *simulation) write(_ any, err error) {
	if err != nil {
		s.t.Error(err)
	}
}

// addRow puts a row there that stands for nobody; somebody deletes it later.
func (s *simulation) addRow() {
	id := rowID{fmt.Sprintf("192.0.2.%d", s.random.IntN(250)), "stray." + strings.TrimSuffix(suffix, ".")}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setInRow(id, "InstanceId", "i-of-nobody")
	s.hand("add a row", id.String())
	s.later(s.between(10*time.Minute, time.Hour), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.write(s.tables.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{TableName: aws.String(rowTable), Key: id.key()}))
		s.hand("delete the row again", id.String())
	})
}

// editGuard is somebody who deletes a guard item by hand, or adds one that
// guards nothing: for an instance that is there, or will be.
func (s *simulation) editGuard() {
	r, ok := s.any(isBound)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.random.IntN(2) == 0 {
		key := pickOf(s, store.ByInstance(r.InstanceID), store.ByName(r.Name))
		s.write(s.tables.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{
			TableName: aws.String(bindingTable), Key: dynamosim.Item{"pk": text(key.String())},
		}))
		s.hand("delete the guard "+key.String(), r.AllocationID, r.InstanceID, r.Name)
		return
	}
	key := store.ByInstance(fmt.Sprintf("i-%05d", s.launched+s.random.IntN(3)))
	_, err := s.tables.PutItem(context.Background(), &dynamodb.PutItemInput{
		TableName: aws.String(bindingTable), Item: dynamosim.Item{"pk": text(key.String()), "allocation_id": text(r.AllocationID)},
		ConditionExpression: aws.String("attribute_not_exists(pk)"),
	})
	if err == nil {
		s.hand("add the guard "+key.String(), key.ID)
	}
}

func pickOf[T any](s *simulation, from ...T) T { return from[s.random.IntN(len(from))] }

// wrongTables adds what rows and guards there are too many, too few or wrong.
func (s *simulation) wrongTables(records []store.Record, add func(key, what string, ids ...string)) {
	rows, guards := s.rows(), map[string]string{}
	for i := range s.tables.All(bindingTable) {
		if key := textOf(i, "pk"); !strings.HasPrefix(key, "address#") && !strings.HasPrefix(key, "switch#") {
			guards[key] = textOf(i, "allocation_id")
		}
	}
	for _, r := range records {
		for _, key := range r.Keys() {
			if key.Kind != store.AddressKey && guards[key.String()] != r.AllocationID {
				add(key.String(), fmt.Sprintf("its guard is of %q", guards[key.String()]), r.AllocationID, r.InstanceID, r.Name)
			}
			delete(guards, key.String())
		}
		if !r.Visible() {
			continue
		}
		found, exists := rows[rowOf(r)]
		delete(rows, rowOf(r))
		if !exists || found.instanceID != r.InstanceID || found.associationID != r.AssociationID || found.allocated != r.Allocated || !found.flagged {
			add(rowOf(r).String(), fmt.Sprintf("its worker has the row %+v", found), r.AllocationID, r.InstanceID)
		}
	}
	for id := range rows {
		add(id.String(), "the row is nobody's", s.byIP[id.ip])
	}
	for key, id := range guards {
		_, of, _ := strings.Cut(key, "#")
		add(key, "it guards nothing", id, of)
	}
}

// audited returns what the store's own findings are about that it has not
// mended.
func audited(found []store.Discrepancy) []string {
	left := slices.DeleteFunc(slices.Clone(found), func(d store.Discrepancy) bool { return d.Repaired })
	ids := make([]string, 0, 2*len(left))
	for _, d := range left {
		what, _, _ := strings.Cut(d.Detail, ":")
		ids = append(ids, d.AllocationID, what)
	}
	return ids
}
