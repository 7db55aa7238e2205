package dynamostore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// failing answers every call with the same error.
type failing struct{ err error }

func (c failing) BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return nil, c.err
}

func (c failing) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return nil, c.err
}

func (c failing) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, c.err
}

func (c failing) DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	return nil, c.err
}

func TestErrorCodes(t *testing.T) {
	sentinels := []error{store.ErrDenied, store.ErrInvalid, store.ErrThrottled, store.ErrConflict, store.ErrNotFound, store.ErrAllocated}
	for code, want := range map[string]error{
		"AccessDeniedException":                  store.ErrDenied,
		"UnrecognizedClientException":            store.ErrDenied,
		"ExpiredTokenException":                  nil, // credentials are renewed
		"InvalidSignatureException":              store.ErrDenied,
		"MissingAuthenticationTokenException":    store.ErrDenied,
		"ResourceNotFoundException":              store.ErrInvalid,
		"ValidationException":                    store.ErrInvalid,
		"ThrottlingException":                    store.ErrThrottled,
		"ProvisionedThroughputExceededException": store.ErrThrottled,
		"RequestLimitExceeded":                   store.ErrThrottled,
		"LimitExceededException":                 store.ErrThrottled,
		"TransactionInProgressException":         nil,
		"InternalServerError":                    nil,
		"ServiceUnavailable":                     nil,
		"SomethingNew":                           nil,
	} {
		cause := &smithy.GenericAPIError{Code: code}
		for call, err := range errorsOfAllCalls(t, cause) {
			for _, sentinel := range sentinels {
				if errors.Is(err, sentinel) != (sentinel == want) {
					t.Errorf("%s: %s = %v, want the sentinel %v", code, call, err, want)
				}
			}
			if !errors.Is(err, cause) {
				t.Errorf("%s: %s = %v does not wrap its cause", code, call, err)
			}
		}
	}
}

func errorsOfAllCalls(t *testing.T, cause error) map[string]error {
	records := newStore(t, failing{cause})
	writes := newStore(t, failingWrites{newFake(), cause})
	_, getErr := records.Get(t.Context(), store.ByName("sfu.example.com."))
	_, putErr := records.Put(t.Context(), reserved())
	_, writeErr := writes.Put(t.Context(), reserved())
	_, _, pausedErr := records.Paused(t.Context())
	_, auditErr := records.Audit(t.Context(), true)
	var listErr error
	for _, err := range records.List(t.Context(), store.Filter{}) {
		listErr = err
	}
	return map[string]error{
		"Get": getErr, "Put, reading": putErr, "Put, writing": writeErr, "List": listErr,
		"Delete":  records.Delete(t.Context(), reserved()),
		"Acquire": records.Acquire(t.Context(), "eipalloc-1"),
		"Yield":   records.Yield(t.Context(), "eipalloc-1"),
		"Check":   records.Check(t.Context()),
		"Pause":   records.Pause(t.Context(), "reason"),
		"Resume":  records.Resume(t.Context()),
		"Paused":  pausedErr,
		"Audit":   auditErr,
	}
}

type failingWrites struct {
	*fake
	err error
}

func (c failingWrites) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, c.err
}

func TestNewValidates(t *testing.T) {
	for name, change := range map[string]func(*dynamostore.Options){
		"RecordTable":  func(o *dynamostore.Options) { o.RecordTable = "" },
		"BindingTable": func(o *dynamostore.Options) { o.BindingTable = "" },
		"same table":   func(o *dynamostore.Options) { o.BindingTable = o.RecordTable },
		"MaxAttempts":  func(o *dynamostore.Options) { o.MaxAttempts = 0 },
		"RetryBase":    func(o *dynamostore.Options) { o.RetryBase = -1 },
		"RetryMax":     func(o *dynamostore.Options) { o.RetryMax = 0 },
	} {
		if _, err := dynamostore.New(newFake(), change); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: New = %v, want ErrInvalid", name, err)
		}
	}
	if _, err := dynamostore.New(nil); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("New without client = %v, want ErrInvalid", err)
	}
}
