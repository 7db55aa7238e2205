// Package identitydoc lets instances prove to an httpapi.Handler which ones they
// are, where no API Gateway checks signatures: by the instance identity document
// that EC2 signs for each of them.
//
//	who, err := identitydoc.New(fleet, func(o *identitydoc.Options) {
//		o.Certificates = map[string][]byte{"eu-central-1": pem} // AWS's, for RSA-2048, of this Region
//		o.Accounts = []string{"123456789012"}
//	})
//	if err != nil {
//		return err
//	}
//	h, err := httpapi.New(httpapi.Backends{Authenticator: httpapi.FirstOf(who, operators), ...})
//
// The instance sends what /latest/dynamic/instance-identity/rsa2048 gives it, without
// line breaks, in a header:
//
//	Authorization: InstanceIdentity MIAGCSqGSIb3...
//
// # What it proves
//
// A document has no nonce, no audience and no end: whoever gets hold of it can show it,
// too. So it counts for a short time only, for an instance that EC2 shows alive, and
// for its present boot. Within these limits a stolen one does what its instance may do:
// have it bound, and see its binding. Serve it on TLS alone, and never log it.
//
// A module of its own, since it needs a PKCS #7 library. An Authenticator is safe for
// concurrent use.
package identitydoc

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/binder"
)

// Options configure an Authenticator.
type Options struct {
	// Certificates are, for each Region that documents may be of, the certificates
	// with which AWS signs there for /rsa2048, as PEM: one, or two while AWS changes
	// it. Certificates in what a caller sends count for nothing. Required.
	Certificates map[string][]byte
	// Accounts are the IDs of the accounts that documents may be of. Required.
	Accounts []string
	// MaxAge is for how long after an instance's start (pendingTime) its document
	// counts. Default and zero: 15 min.
	MaxAge time.Duration
	// Tolerance is how far pendingTime may be from the launch time that EC2 shows, and
	// how far ahead of this machine's clock. Starting an instance again gives both anew:
	// let it be shorter than stopping and starting takes. Default and zero: 30 s.
	Tolerance time.Duration
	// Gather is how long a look at EC2 waits for other instances to share it, and so
	// bounds how many looks callers can cause. Default and zero: 250 ms.
	Gather time.Duration
}

// Authenticator takes instance identity documents. Make one with New.
type Authenticator struct {
	opts         Options
	certificates map[string][]*x509.Certificate
	looks        looks
}

var (
	_ httpapi.Authenticator = (*Authenticator)(nil)
	_ httpapi.Challenger    = (*Authenticator)(nil)
)

var account = regexp.MustCompile(`^[0-9]{12}$`)

// New returns an Authenticator that asks this fleet whether instances live, or a
// binder.ErrConfig that names the option. It does no I/O.
func New(fleet binder.Fleet, optFns ...func(*Options)) (*Authenticator, error) {
	opts := Options{MaxAge: 15 * time.Minute, Tolerance: 30 * time.Second, Gather: 250 * time.Millisecond}
	for _, fn := range optFns {
		fn(&opts)
	}
	opts.defaults()
	certificates, err := opts.parse()
	if fleet == nil {
		err = errors.Join(errors.New("fleet is nil"), err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: identitydoc: %w", binder.ErrConfig, err)
	}
	opts.Accounts = slices.Clone(opts.Accounts)
	return &Authenticator{opts: opts, certificates: certificates, looks: looks{fleet: fleet, gather: opts.Gather}}, nil
}

func (o *Options) defaults() {
	if o.MaxAge == 0 {
		o.MaxAge = 15 * time.Minute
	}
	if o.Tolerance == 0 {
		o.Tolerance = 30 * time.Second
	}
	if o.Gather == 0 {
		o.Gather = 250 * time.Millisecond
	}
}

// parse checks the options, and returns the certificates by Region.
func (o *Options) parse() (map[string][]*x509.Certificate, error) {
	if min(o.MaxAge, o.Tolerance, o.Gather) < 0 {
		return nil, errors.New("MaxAge, Tolerance and Gather must not be negative")
	}
	if len(o.Accounts) == 0 || len(o.Certificates) == 0 {
		return nil, errors.New("Accounts and Certificates must not be empty")
	}
	for _, id := range o.Accounts {
		if !account.MatchString(id) {
			return nil, fmt.Errorf("Accounts: %q is no account ID", id)
		}
	}
	all := make(map[string][]*x509.Certificate, len(o.Certificates))
	for region, text := range o.Certificates {
		found, err := parseCertificates(text)
		if err != nil {
			return nil, fmt.Errorf("Certificates of %q: %w", region, err)
		}
		all[region] = found
	}
	return all, nil
}

func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if key, ok := certificate.PublicKey.(*rsa.PublicKey); !ok || key.Size() < 256 {
			return nil, errors.New("the key is not RSA of 2048 bits or more: take the certificate for /rsa2048")
		}
		list = append(list, certificate)
	}
	if len(list) == 0 {
		return nil, errors.New("no certificate in PEM")
	}
	return list, nil
}

// Challenge names the scheme.
func (a *Authenticator) Challenge() string { return scheme }

// Authenticate returns the instance whose document the request carries. Without one
// it is httpapi.ErrNoCredentials. A document that is malformed, not signed with
// the pinned certificate of its Region, too old, or not of the instance's present
// boot is httpapi.ErrUnauthenticated; one of another account is
// httpapi.ErrForbidden. An instance that EC2 does not show (yet) is neither.
func (a *Authenticator) Authenticate(r *http.Request) (httpapi.Principal, error) {
	blob, err := credentials(r.Header)
	if err != nil {
		return httpapi.Principal{}, err
	}
	d, err := a.verify(blob)
	if err != nil {
		return httpapi.Principal{}, fmt.Errorf("%w: %w", httpapi.ErrUnauthenticated, err)
	}
	if !slices.Contains(a.opts.Accounts, d.AccountID) {
		return httpapi.Principal{}, fmt.Errorf("%w: instance %s of account %s", httpapi.ErrForbidden, d.InstanceID, d.AccountID)
	}
	if err := a.timely(d); err != nil {
		return httpapi.Principal{}, fmt.Errorf("%w: %w", httpapi.ErrUnauthenticated, err)
	}
	if err := a.alive(r.Context(), d); err != nil {
		return httpapi.Principal{}, err
	}
	return httpapi.Principal{InstanceID: d.InstanceID, Name: d.AccountID + "/" + d.Region + "/" + d.InstanceID}, nil
}

func (a *Authenticator) timely(d document) error {
	age := time.Since(d.PendingTime)
	if age > a.opts.MaxAge || age < -a.opts.Tolerance {
		return fmt.Errorf("the document of %s is of %s", d.InstanceID, d.PendingTime.Format(time.RFC3339))
	}
	return nil
}

// alive compares the document with what EC2 shows of the instance now.
func (a *Authenticator) alive(ctx context.Context, d document) error {
	i, ok, err := a.looks.at(ctx, d.InstanceID)
	if err != nil {
		return fmt.Errorf("look at %s: %w", d.InstanceID, err)
	}
	if !ok {
		return fmt.Errorf("EC2 does not show %s", d.InstanceID)
	}
	apart := i.LaunchedAt.Sub(d.PendingTime).Abs()
	switch {
	case i.State != binder.Pending && i.State != binder.Running:
		err = fmt.Errorf("%s is %s", d.InstanceID, i.State)
	case apart > a.opts.Tolerance:
		err = fmt.Errorf("the document of %s is of another boot: %s apart", d.InstanceID, apart)
	case i.PrivateIP.IsValid() && d.PrivateIP.IsValid() && i.PrivateIP != d.PrivateIP:
		err = fmt.Errorf("the document of %s has another private address", d.InstanceID)
	default:
		return nil
	}
	return fmt.Errorf("%w: %w", httpapi.ErrUnauthenticated, err)
}
