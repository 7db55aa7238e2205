package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/binder"
)

// IAMOptions configure an IAM.
type IAMOptions struct {
	// Caller returns the ARN of who signed the request, as API Gateway or the
	// function URL has verified it and passes it on in the event's request context;
	// false if there is none. It must not come from anything that a caller can write,
	// such as a header. Required.
	Caller func(r *http.Request) (arn string, ok bool)
	// Accounts are the IDs of the accounts whose roles count, each for every role
	// below: one in which anybody may make a role with the name of the workers'
	// can speak for any instance. Required.
	Accounts []string
	// InstanceRoles are the names of the workers' roles, without a path. The trust
	// policy of such a role must name ec2.amazonaws.com and nobody else: whoever can
	// assume it may choose the session name, and with it the instance.
	InstanceRoles []string
	// OperatorRoles are the names of the operators' roles. A role is either an
	// instance's or an operator's.
	OperatorRoles []string
}

// IAM is an Authenticator for requests that AWS has authenticated: API Gateway with
// an IAM authorizer, or a function URL of type AWS_IAM. EC2 gives the sessions of an
// instance's role the instance ID as their name, which is how an instance is known.
type IAM struct{ opts IAMOptions }

var _ Authenticator = (*IAM)(nil)

// What IAM allows in names of roles and of sessions, and what accounts are.
var (
	roleName  = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	callerARN = regexp.MustCompile(`^arn:aws(?:-cn|-us-gov|-eusc|-iso(?:-[bef])?)?:sts::([0-9]{12}):assumed-role/([\w+=,.@-]{1,64})/([\w+=,.@-]{2,64})$`)
)

// NewIAM returns an IAM, or a binder.ErrConfig that names the option.
func NewIAM(optFns ...func(*IAMOptions)) (*IAM, error) {
	var opts IAMOptions
	for _, fn := range optFns {
		fn(&opts)
	}
	opts.Accounts, opts.InstanceRoles, opts.OperatorRoles = slices.Clone(opts.Accounts), slices.Clone(opts.InstanceRoles), slices.Clone(opts.OperatorRoles)
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("%w: IAMOptions.%w", binder.ErrConfig, err)
	}
	return &IAM{opts}, nil
}

func (o IAMOptions) validate() error {
	switch {
	case o.Caller == nil:
		return errors.New("Caller is nil")
	case len(o.Accounts) == 0:
		return errors.New("Accounts is empty")
	case len(o.InstanceRoles)+len(o.OperatorRoles) == 0:
		return errors.New("InstanceRoles and OperatorRoles are empty")
	}
	for _, account := range o.Accounts {
		if !accountID.MatchString(account) {
			return fmt.Errorf("Accounts: %q is no account ID", account)
		}
	}
	for _, role := range slices.Concat(o.InstanceRoles, o.OperatorRoles) {
		if !roleName.MatchString(role) {
			return fmt.Errorf("InstanceRoles, OperatorRoles: %q is no name of a role", role)
		}
	}
	for _, role := range o.InstanceRoles {
		// IAM's names of roles differ in more than case
		if slices.ContainsFunc(o.OperatorRoles, func(other string) bool { return strings.EqualFold(role, other) }) {
			return fmt.Errorf("InstanceRoles: %q is in OperatorRoles, too", role)
		}
	}
	return nil
}

// Authenticate returns the instance or the operator whose role's session signed the
// request. Any other account, role or kind of ARN is ErrForbidden.
func (i *IAM) Authenticate(r *http.Request) (Principal, error) {
	arn, ok := i.opts.Caller(r)
	if !ok || arn == "" {
		return Principal{}, ErrNoCredentials
	}
	parts := callerARN.FindStringSubmatch(arn)
	if parts == nil {
		return Principal{}, fmt.Errorf("%w: %q is no session of a role", ErrForbidden, arn)
	}
	account, role, session := parts[1], parts[2], parts[3]
	switch {
	case !slices.Contains(i.opts.Accounts, account):
		return Principal{}, fmt.Errorf("%w: account %s of %q", ErrForbidden, account, arn)
	case slices.Contains(i.opts.OperatorRoles, role):
		return Principal{Operator: true, Name: arn}, nil
	case !slices.Contains(i.opts.InstanceRoles, role):
		return Principal{}, fmt.Errorf("%w: role of %q", ErrForbidden, arn)
	case !ValidInstanceID(session):
		return Principal{}, fmt.Errorf("%w: the session of %q has no instance ID for a name", ErrForbidden, arn)
	}
	return Principal{InstanceID: session, Name: arn}, nil
}

// Challenge names AWS's signature.
func (i *IAM) Challenge() string { return "AWS4-HMAC-SHA256" }
