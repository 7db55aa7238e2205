package ec2pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/eippool"
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
		return fmt.Errorf("%s: %w", doing, orLate(err))
	}
	if kind := kindOf(api.ErrorCode()); kind != nil {
		return fmt.Errorf("%s: %w: %w", doing, kind, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// kindOf returns the sentinel of an error code ("Error codes for the Amazon EC2
// API"), nil if another try may help and there is nothing else to say: for
// InternalError, InternalFailure, ServiceUnavailable, Unavailable, RequestExpired
// (the signature was too old), ExpiredToken (credentials are renewed) and for
// every code that is not known here.
func kindOf(code string) error {
	switch code {
	case "RequestLimitExceeded", "EC2ThrottledException", "Throttling", "ThrottlingException", "RequestThrottled",
		"BandwidthLimitExceeded", "SlowDown":
		return eippool.ErrThrottled
	case "UnauthorizedOperation", // also: the nodes of EKS Auto Mode refuse foreign changes
		"AuthFailure", // also: the address is another account's
		"AccessDenied", "AccessDeniedException", "OperationNotPermitted", "OptInRequired", "Blocked", "PendingVerification",
		"MissingAuthenticationToken", "InvalidClientTokenId", "UnrecognizedClientException", "IncompleteSignature", "SignatureDoesNotMatch":
		return eippool.ErrDenied
	case "Resource.AlreadyAssociated", "InvalidIPAddress.InUse",
		"DependencyViolation": // something that is no association uses the address
		return eippool.ErrInUse
	case "InvalidAllocationID.NotFound", "InvalidAllocationID.Malformed", "InvalidAddress.NotFound", "InvalidAddressID.NotFound",
		"InvalidAssociationID.NotFound": // no sentinel of its own: Disassociate makes it success
		return eippool.ErrNotFound
	case "IncorrectInstanceState", "IncorrectState", "InvalidInstanceID", "InvalidInstanceID.NotFound", "InvalidNetworkInterfaceID.NotFound":
		// A pending instance and one that is shutting down get the same code, and
		// only prose tells them apart. "Not ready" promises nothing: the caller
		// looks at the instance before it comes back, and sees if it is gone.
		return eippool.ErrTargetNotReady
	case "InvalidAddress.Locked":
		return eippool.ErrLocked
	case "AddressLimitExceeded", "InsufficientAddressCapacity":
		return eippool.ErrLimit
	}
	if invalid(code) {
		return eippool.ErrInvalid
	}
	return nil
}

// invalid reports whether the code says that the request, or the account's
// network, has to be changed before it can succeed.
func invalid(code string) bool {
	switch code {
	case "Gateway.NotAttached", // the VPC has no internet gateway
		"InvalidParameter", "InvalidParameterValue", "InvalidParameterCombination", "InvalidParameterDependency",
		"MissingParameter", "UnknownParameter", "ValidationError", "InvalidRequest", "InvalidCharacter",
		"InvalidAddress.Malformed", "InvalidAssociationID.Malformed", "InvalidNetworkInterfaceID.Malformed", "InvalidNetworkInterfaceId.Malformed",
		"InvalidPublicIpv4PoolID.NotFound", "InvalidPublicIpv4PoolID.Malformed", "InvalidIpamPoolId.NotFound", "InvalidIpamPoolId.Malformed",
		"InvalidFilter", "FilterLimitExceeded", "TagLimitExceeded", "InvalidTagKey.Malformed",
		"InvalidAction", "Unsupported", "UnsupportedOperation", "MalformedQueryString":
		return true
	}
	return false
}
