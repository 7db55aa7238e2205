package dynamostore

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func flagValue(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// textOf returns the string behind the name, "" if there is none.
func textOf(i item, name string) string {
	value, ok := i[name].(*types.AttributeValueMemberS)
	if !ok {
		return ""
	}
	return value.Value
}

// numberOf returns the number behind the name, 0 if there is none.
func numberOf(i item, name string) int64 {
	value, ok := i[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(value.Value, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
