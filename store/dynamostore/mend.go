package dynamostore

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

// unmoved checks that the address's item is as in the picture.
func (s *Store) unmoved(p picture, allocationID string) step {
	check := &types.ConditionCheck{
		TableName:                &s.opts.BindingTable,
		Key:                      keyItem(store.ByAddress(allocationID)),
		ConditionExpression:      aws.String("attribute_not_exists(#pk)"),
		ExpressionAttributeNames: map[string]string{"#pk": attrKey},
	}
	if st, ok := p.states[allocationID]; ok {
		check.ConditionExpression = aws.String("#version = :version")
		check.ExpressionAttributeNames = map[string]string{"#version": attrVersion}
		check.ExpressionAttributeValues = item{":version": number(st.last)}
	}
	return step{write: types.TransactWriteItem{ConditionCheck: check}}
}

func (s *Store) allUnmoved(p picture, allocationIDs []string) []step {
	var steps []step
	for _, id := range allocationIDs {
		steps = append(steps, s.unmoved(p, id))
	}
	return steps
}

// writeMissingRow writes the record's row where there is none.
func (s *Store) writeMissingRow(r store.Record) step {
	write := newRow(s.opts.RecordTable, r, r.Allocated, nil)
	write.Put.ConditionExpression = aws.String("attribute_not_exists(#eip)")
	write.Put.ExpressionAttributeNames = map[string]string{"#eip": attrEIP}
	return step{write: write}
}

// writeStaleRow writes what the record says into its row. The flag is not in
// the condition: it stays, whatever it is by then.
func (s *Store) writeStaleRow(r store.Record, read item) step {
	write := showRow(s.opts.RecordTable, r, r.Allocated)
	condition, names, values := asRead(read, attrEIP, slices.Collect(maps.Keys(rowAttributes(r))))
	write.Update.ConditionExpression = &condition
	maps.Copy(write.Update.ExpressionAttributeNames, names)
	maps.Copy(write.Update.ExpressionAttributeValues, values)
	return step{write: write}
}

// removeRow deletes a row in which all that binders and schedule servers write
// is as it was read.
func (s *Store) removeRow(read item) step {
	attributes := append(slices.Collect(maps.Keys(rowAttributes(store.Record{}))), attrAllocated, attrAcquireID)
	condition, names, values := asRead(read, attrEIP, attributes)
	return step{write: types.TransactWriteItem{Delete: &types.Delete{
		TableName:                 &s.opts.RecordTable,
		Key:                       item{attrEIP: read[attrEIP], attrDNS: read[attrDNS]},
		ConditionExpression:       &condition,
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
	}}}
}

// asRead is the condition that an item, which has this key attribute, is there
// and that these attributes of it are as they were read.
func asRead(read item, key string, attributes []string) (condition string, names map[string]string, values item) {
	names, values = map[string]string{"#" + key: key}, item{}
	conditions := []string{"attribute_exists(#" + key + ")"}
	for _, name := range slices.Sorted(slices.Values(attributes)) {
		names["#"+name] = name
		if value, ok := read[name]; ok {
			values[":read_"+name] = value
			conditions = append(conditions, "#"+name+" = :read_"+name)
		} else {
			conditions = append(conditions, "attribute_not_exists(#"+name+")")
		}
	}
	if len(values) == 0 {
		values = nil // DynamoDB takes no empty map
	}
	return strings.Join(conditions, " AND "), names, values
}

// carryFlag gives the record, which is hidden, the flag that a row says. The
// version stays: the flag is not the record's writers', and Put has it in its
// condition.
func (s *Store) carryFlag(st state, allocated bool) step {
	return step{write: types.TransactWriteItem{Update: &types.Update{
		TableName:                &s.opts.BindingTable,
		Key:                      keyItem(store.ByAddress(st.record.AllocationID)),
		UpdateExpression:         aws.String("SET #carried = :allocated"),
		ConditionExpression:      aws.String("#version = :version AND #carried = :carried"),
		ExpressionAttributeNames: map[string]string{"#version": attrVersion, "#carried": attrCarried},
		ExpressionAttributeValues: item{
			":version": number(st.last), ":carried": flagValue(*st.carried), ":allocated": flagValue(allocated),
		},
	}}}
}

// writeGuard guards the key for its holder, in place of a guard that names
// somebody else, or of none.
func (s *Store) writeGuard(key store.Key, holder string, read item) step {
	write := s.takeKey(key, holder).write
	condition, names, values := "attribute_not_exists(#pk)", map[string]string{"#pk": attrKey}, item(nil)
	if read != nil {
		condition, names, values = asRead(read, attrKey, []string{attrHolder})
	}
	write.Put.ConditionExpression, write.Put.ExpressionAttributeNames, write.Put.ExpressionAttributeValues = &condition, names, values
	return step{write: write}
}

func (s *Store) removeGuard(read item) step {
	condition, names, values := asRead(read, attrKey, []string{attrHolder})
	return step{write: types.TransactWriteItem{Delete: &types.Delete{
		TableName:                 &s.opts.BindingTable,
		Key:                       item{attrKey: read[attrKey]},
		ConditionExpression:       &condition,
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
	}}}
}
