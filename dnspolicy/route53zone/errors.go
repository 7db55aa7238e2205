package route53zone

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// wrap says what was being done and adds the sentinel of the cause's code, if
// it has one. If the context ended the call, its error is returned as it is.
func wrap(ctx context.Context, doing string, err error) error {
	var api smithy.APIError
	answered := errors.As(err, &api)
	if ended := ctx.Err(); ended != nil && (!answered || errors.Is(err, ended)) {
		return ended
	}
	if !answered {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if kind := kindOf(api.ErrorCode()); kind != nil {
		return fmt.Errorf("%s: %w: %w", doing, kind, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// kindOf returns the sentinel of an error code (the actions' pages and "Common
// errors" in the Route 53 API reference), nil if another try may help and
// there is nothing else to say: for InternalError, InternalFailure,
// ServiceUnavailable, RequestExpired, ExpiredToken and for every code that is not
// known here. InvalidChangeBatch has none either: Apply finds out what it means.
func kindOf(code string) error {
	switch code {
	case "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled", "TooManyRequestsException", "SlowDown",
		"PriorRequestNotComplete": // another process is changing the zone
		return dnspolicy.ErrThrottled
	case "AccessDenied", "AccessDeniedException", "NotAuthorizedException", "OptInRequired",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
		"IncompleteSignature", "SignatureDoesNotMatch":
		return dnspolicy.ErrDenied
	case "NoSuchHostedZone", // not ErrNotFound, which would say that a record set is absent; Check says so
		"NoSuchHealthCheck", "InvalidInput", "InvalidArgument", "InvalidDomainName", "InvalidAction",
		"ValidationError", "ValidationException", "InvalidParameterValue", "InvalidParameterCombination",
		"MissingParameter", "MalformedInput", "MalformedQueryString":
		return dnspolicy.ErrInvalid
	case "NoSuchChange":
		return dnspolicy.ErrNotFound
	}
	return nil
}
