package dynamostore_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// The SDK does not retry a cancelled transaction, whatever the reasons.
func TestCancelledTransactions(t *testing.T) {
	for name, test := range map[string]struct {
		reasons  []string
		failures int
		calls    int
		want     error
		longest  time.Duration
	}{
		"conflict":         {[]string{"TransactionConflict", "None", "None"}, 3, 4, nil, 175 * time.Millisecond},
		"conflict of many": {[]string{"None", "TransactionConflict", "TransactionConflict"}, 1, 2, nil, 25 * time.Millisecond},
		"throttled":        {[]string{"None", "ThrottlingError", "None"}, 2, 3, nil, 75 * time.Millisecond},
		"for ever":         {[]string{"None", "None", "ProvisionedThroughputExceeded"}, 99, 10, store.ErrThrottled, 5575 * time.Millisecond},
		"internal":         {[]string{"InternalServerError", "None", "None"}, 1, 2, nil, 25 * time.Millisecond},
		"denied":           {[]string{"None", "AccessDenied", "None"}, 99, 1, store.ErrDenied, 0},
		"invalid":          {[]string{"None", "ValidationError", "TransactionConflict"}, 99, 1, store.ErrInvalid, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newFake()
				client.onTransact = func(n int, _ func()) error {
					if n <= test.failures {
						return cancelled(test.reasons...)
					}
					return nil
				}
				began := time.Now()
				_, err := newStore(t, client).Put(t.Context(), reserved())
				if !errors.Is(err, test.want) {
					t.Errorf("Put = %v, want %v", err, test.want)
				}
				var cause *types.TransactionCanceledException
				if err != nil && !errors.As(err, &cause) {
					t.Errorf("%v does not wrap its cause", err)
				}
				if len(client.transactions) != test.calls {
					t.Errorf("%d transactions, want %d", len(client.transactions), test.calls)
				}
				if waited := time.Since(began); waited > test.longest {
					t.Errorf("waited %s, want at most %s", waited, test.longest)
				}
				client.checkTokens(t)
			})
		})
	}
}

func TestRetriesEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newFake()
		client.onTransact = func(int, func()) error { return cancelled("TransactionConflict") }
		forEver := func(o *dynamostore.Options) { o.MaxAttempts = 1 << 30 }
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := newStore(t, client, forEver).Put(ctx, reserved()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Put = %v, want the context's error", err)
		}
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("Put returned after %s, want as soon as the context ended", waited)
		}
	})
}

func TestLostReplies(t *testing.T) {
	network := &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	for name, test := range map[string]struct {
		reply error // in place of the first write's
		want  error // from the first Put
	}{
		// The SDK repeats the call, and DynamoDB has forgotten the token.
		"repeated by the SDK": {cancelled("ConditionalCheckFailed", "None", "None"), nil},
		"and the keys moved":  {cancelled("ConditionalCheckFailed", "ConditionalCheckFailed", "None"), nil},
		"with a conflict":     {cancelled("TransactionConflict", "None", "None"), nil},
		"given up by the SDK": {network, network},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newFake()
				client.onTransact = func(_ int, apply func()) error {
					apply()
					return test.reply
				}
				records := newStore(t, client)
				_, err := records.Put(t.Context(), reserved())
				if !errors.Is(err, test.want) {
					t.Fatalf("Put = %v, want %v", err, test.want)
				}
				r, err := records.Put(t.Context(), reserved())
				if err != nil || r.Version != 1 || r.WriteID != "write-0" {
					t.Errorf("the repeated Put = %+v, %v, want the first one's record", r, err)
				}
				if len(client.transactions) != 1 {
					t.Errorf("%d transactions, want one: the others find the record", len(client.transactions))
				}
			})
		})
	}
}

func TestUnprocessedKeysAreNotAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newFake()
		records := newStore(t, throttledReads{client, 1}, func(o *dynamostore.Options) { o.MaxAttempts = 3 })
		r, err := newStore(t, client).Put(t.Context(), reserved())
		if err != nil {
			t.Fatal(err)
		}
		found, err := records.Get(t.Context(), r.Keys()...)
		if err != nil || len(found) != 1 {
			t.Errorf("Get = %v, %v, want the record", found, err)
		}
		records = newStore(t, throttledReads{client, 0})
		if found, err := records.Get(t.Context(), r.Keys()...); !errors.Is(err, store.ErrThrottled) {
			t.Errorf("Get of keys that are never processed = %v, %v, want ErrThrottled", found, err)
		}
	})
}

// throttledReads processes at most limit keys of a BatchGetItem.
type throttledReads struct {
	*fake
	limit int
}

func (c throttledReads) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, optFns ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return halfRead(in, c.limit, func() (*dynamodb.BatchGetItemOutput, error) { return c.fake.BatchGetItem(ctx, in, optFns...) })
}

// halfRead leaves all keys but the first few unprocessed.
func halfRead(in *dynamodb.BatchGetItemInput, few int, call func() (*dynamodb.BatchGetItemOutput, error)) (*dynamodb.BatchGetItemOutput, error) {
	if few == 0 {
		return &dynamodb.BatchGetItemOutput{UnprocessedKeys: in.RequestItems}, nil
	}
	left := map[string]types.KeysAndAttributes{}
	for table, wanted := range in.RequestItems {
		if len(wanted.Keys) > few {
			left[table] = types.KeysAndAttributes{Keys: wanted.Keys[few:], ConsistentRead: wanted.ConsistentRead}
			wanted.Keys = wanted.Keys[:few]
			in.RequestItems[table] = wanted
		}
	}
	out, err := call()
	if err == nil {
		out.UnprocessedKeys = left
	}
	return out, err
}
