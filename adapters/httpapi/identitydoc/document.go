package identitydoc

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
)

// scheme is what credentials begin with, in the header Authorization.
const scheme = "InstanceIdentity"

// maxLength is how long credentials may be; real ones have about 2,000 bytes.
const maxLength = 8 << 10

// document is what counts of an instance identity document. It may have more.
type document struct {
	AccountID   string     `json:"accountId"`
	Region      string     `json:"region"`
	InstanceID  string     `json:"instanceId"`
	PendingTime time.Time  `json:"pendingTime"`
	PrivateIP   netip.Addr `json:"privateIp"`
}

// credentials returns the signed message that the header carries.
func credentials(h http.Header) ([]byte, error) {
	values := h.Values("Authorization")
	if len(values) == 0 {
		return nil, httpapi.ErrNoCredentials
	}
	name, encoded, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(name, scheme) {
		return nil, httpapi.ErrNoCredentials
	}
	if len(values) > 1 || len(encoded) > maxLength {
		return nil, fmt.Errorf("%w: more than one header, or too long a one", httpapi.ErrUnauthenticated)
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", httpapi.ErrUnauthenticated, err)
	}
	return blob, nil
}

// verify returns the document if it is signed with a pinned certificate of the
// Region that it names.
func (a *Authenticator) verify(blob []byte) (document, error) {
	message, err := pkcs7.Parse(blob)
	if err != nil {
		return document{}, err
	}
	if len(message.Signers) != 1 || !message.Signers[0].DigestAlgorithm.Algorithm.Equal(pkcs7.OIDDigestAlgorithmSHA256) {
		return document{}, errors.New("not one signature with SHA-256")
	}
	var d document
	if err := json.Unmarshal(message.Content, &d); err != nil {
		return document{}, err
	}
	pinned, ok := a.certificates[d.Region]
	if !ok {
		return document{}, fmt.Errorf("no certificate for the Region %q", d.Region)
	}
	if err := verifyAny(message, pinned); err != nil {
		return document{}, err
	}
	if !httpapi.ValidInstanceID(d.InstanceID) {
		return document{}, fmt.Errorf("%q is no instance ID", d.InstanceID)
	}
	return d, nil
}

// verifyAny verifies the signature with one of the certificates. The library takes
// those of the message for good, so it is given these in their place.
func verifyAny(message *pkcs7.PKCS7, pinned []*x509.Certificate) error {
	var errs []error
	now := time.Now()
	for _, certificate := range pinned {
		message.Certificates = []*x509.Certificate{certificate}
		err := message.Verify()
		if err == nil && (now.Before(certificate.NotBefore) || now.After(certificate.NotAfter)) {
			err = errors.New("the pinned certificate is not valid now")
		}
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
