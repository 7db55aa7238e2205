package ec2fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/binder"
)

// wrap adds the sentinel of the cause's code, if it has one. If the context
// ended the call, its error is returned as it is.
func wrap(ctx context.Context, err error) error {
	const doing = "describe instances"
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

// kindOf returns the sentinel of an error code ("Error codes for the Amazon EC2
// API"), nil if another try may help and there is nothing else to say: for
// InternalError, InternalFailure, ServiceUnavailable, Unavailable, RequestExpired,
// ExpiredToken, InvalidPaginationToken (the next try begins with the first page)
// and for every code that is not known here.
func kindOf(code string) error {
	switch code {
	case "RequestLimitExceeded", "EC2ThrottledException", "Throttling", "ThrottlingException", "RequestThrottled",
		"BandwidthLimitExceeded", "SlowDown":
		return binder.ErrThrottled
	case "UnauthorizedOperation", "AuthFailure", "AccessDenied", "AccessDeniedException", "OperationNotPermitted",
		"OptInRequired", "Blocked", "PendingVerification",
		"MissingAuthenticationToken", "InvalidClientTokenId", "UnrecognizedClientException", "IncompleteSignature", "SignatureDoesNotMatch":
		return binder.ErrDenied
	case "InvalidParameter", "InvalidParameterValue", "InvalidParameterCombination", "InvalidParameterDependency",
		"MissingParameter", "UnknownParameter", "ValidationError", "InvalidRequest", "InvalidCharacter",
		"InvalidFilter", "FilterLimitExceeded", "InvalidAction", "Unsupported", "UnsupportedOperation", "MalformedQueryString":
		return binder.ErrConfig
	}
	return nil
}
