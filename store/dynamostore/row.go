package dynamostore

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

// The attributes of the record table that have a part in conditions.
const (
	attrEIP          = "EIP"
	attrDNS          = "DNS_Record"
	attrAllocated    = "allocated"
	attrInstance     = "InstanceId"
	attrAllocationID = "AllocationId"
	attrAcquireID    = "AcquireId"
)

// rowKey names the record's row.
func rowKey(r store.Record) item {
	return item{attrEIP: text(r.IP.String()), attrDNS: text(strings.TrimSuffix(r.Name, "."))}
}

func sameRow(a, b item) bool {
	return textOf(a, attrEIP) == textOf(b, attrEIP) && textOf(a, attrDNS) == textOf(b, attrDNS)
}

// rowAttributes returns what the row says beside its key and the flag.
func rowAttributes(r store.Record) item {
	tags := item{}
	for key, value := range r.Tags {
		tags[key] = text(value)
	}
	boundAt := ""
	if !r.BoundAt.IsZero() {
		boundAt = r.BoundAt.UTC().Format(time.RFC3339)
	}
	return item{
		"AssociationId":    text(r.AssociationID),
		attrAllocationID:   text(r.AllocationID),
		attrInstance:       text(r.InstanceID),
		"AvailabilityZone": text(r.AvailabilityZone),
		"BinderId":         text(r.BinderID),
		"BoundAt":          text(boundAt),
		"Tags":             &types.AttributeValueMemberM{Value: tags},
	}
}

// rowAllocated reads the flag. Whatever a schedule server wrote there, only
// false and nothing mean that the worker is to be had.
func rowAllocated(row item) bool {
	switch value := row[attrAllocated].(type) {
	case nil:
		return false
	case *types.AttributeValueMemberBOOL:
		return value.Value
	default:
		return true
	}
}

// showRow writes the record's row. A flag that is there stays: it is the
// schedule servers'. Where there is none it becomes allocated.
func showRow(table string, r store.Record, allocated bool) types.TransactWriteItem {
	attributes := rowAttributes(r)
	names, values := map[string]string{}, item{}
	var sets []string
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		names["#"+name], values[":"+name] = name, attributes[name]
		sets = append(sets, "#"+name+" = :"+name)
	}
	names["#allocated"], values[":allocated"] = attrAllocated, flagValue(allocated)
	sets = append(sets, "#allocated = if_not_exists(#allocated, :allocated)")
	expression := "SET " + strings.Join(sets, ", ")
	return types.TransactWriteItem{Update: &types.Update{
		TableName:                 &table,
		Key:                       rowKey(r),
		UpdateExpression:          &expression,
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
	}}
}

// newRow writes the record's row anew, over whatever an earlier life of the
// address and name has left. The flag that was there, of the row as read (nil:
// do not care), must not have changed.
func newRow(table string, r store.Record, allocated bool, read item) types.TransactWriteItem {
	row := rowAttributes(r)
	maps.Copy(row, rowKey(r))
	row[attrAllocated] = flagValue(allocated)
	put := &types.Put{TableName: &table, Item: row}
	if read != nil {
		put.ConditionExpression, put.ExpressionAttributeNames, put.ExpressionAttributeValues = flagAsRead(read)
	}
	return types.TransactWriteItem{Put: put}
}

// hideRow deletes a row whose flag is still as it was read.
func hideRow(table string, read item) types.TransactWriteItem {
	condition, names, values := flagAsRead(read)
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName:                 &table,
		Key:                       item{attrEIP: read[attrEIP], attrDNS: read[attrDNS]},
		ConditionExpression:       condition,
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
	}}
}

func flagAsRead(row item) (condition *string, names map[string]string, values item) {
	names = map[string]string{"#allocated": attrAllocated}
	flag, ok := row[attrAllocated]
	if !ok {
		absent := "attribute_not_exists(#allocated)"
		return &absent, names, nil
	}
	same := "#allocated = :allocated"
	return &same, names, item{":allocated": flag}
}
