package identitydoc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/adapters/httpapi/identitydoc"
	"github.com/eipbinder/eipbinder/binder/memfleet"
)

// awsCertificate stands for the certificate that AWS publishes for RSA-2048
// signatures in a Region.
func awsCertificate() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}

func ExampleNew() {
	certificate, err := awsCertificate()
	if err != nil {
		fmt.Println(err)
		return
	}
	who, err := identitydoc.New(memfleet.New(), func(o *identitydoc.Options) {
		o.Certificates = map[string][]byte{"eu-central-1": certificate}
		o.Accounts = []string{"123456789012"}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/bind", nil)
	_, err = who.Authenticate(r)
	fmt.Println(errors.Is(err, httpapi.ErrNoCredentials), who.Challenge())
	r.Header.Set("Authorization", "InstanceIdentity MIAGCSqGSIb3")
	_, err = who.Authenticate(r)
	fmt.Println(errors.Is(err, httpapi.ErrUnauthenticated))
	// Output:
	// true InstanceIdentity
	// true
}
