package dynamostore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/store"
)

// wrap gives an error of the client the sentinel that its code stands for. A
// context's error passes through as it is.
func wrap(ctx context.Context, call string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if sentinel := sentinelOf(api.ErrorCode()); sentinel != nil {
			return fmt.Errorf("%w: %s: %w", sentinel, call, err)
		}
	}
	return fmt.Errorf("%s: %w", call, err)
}

// sentinelOf maps the codes of DynamoDB's errors and of the reasons of
// cancelled transactions (API reference: "Common Errors",
// "TransactionCanceledException"). Those that it does not know are worth
// another try, and have no sentinel.
func sentinelOf(code string) error {
	switch code {
	case "AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidSignatureException",
		"IncompleteSignature", "InvalidClientTokenId", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
		"NotAuthorized", "OptInRequired":
		return store.ErrDenied
	case "ResourceNotFoundException", "TableNotFoundException", "ValidationException", "ValidationError",
		"SerializationException", "ItemCollectionSizeLimitExceededException", "ItemCollectionSizeLimitExceeded":
		return store.ErrInvalid
	case "ThrottlingException", "Throttling", "ThrottlingError", "ProvisionedThroughputExceededException",
		"ProvisionedThroughputExceeded", "RequestLimitExceeded", "LimitExceededException":
		return store.ErrThrottled
	}
	return nil
}
