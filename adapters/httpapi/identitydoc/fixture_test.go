package identitydoc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"iter"
	"maps"
	"math/big"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/eipbinder/eipbinder/adapters/httpapi/identitydoc"
	"github.com/eipbinder/eipbinder/binder"
)

const (
	worker   = "i-0123456789abcdef0"
	account  = "123456789012"
	region   = "eu-central-1"
	hostname = "instance-identity.example.com"
)

// signer is a throw-away key with its own certificate, such as AWS has for each
// Region.
type signer struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
}

// keys are made once: two bits of prime cost more than all the rest.
var keys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var list [2]*rsa.PrivateKey
	for i := range list {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		list[i] = key
	}
	return list
})

// newSigner has the first key if it is the Region's, else the other one. All have
// the same issuer and the same serial number.
func newSigner(t testing.TB, genuine bool, change ...func(*x509.Certificate)) signer {
	t.Helper()
	key := keys()[0]
	if !genuine {
		key = keys()[1]
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(42), Subject: pkix.Name{CommonName: hostname},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	for _, c := range change {
		c(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, certificate}
}

func (s signer) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.certificate.Raw})
}

// form is how a message is made.
type form struct {
	embed      bool // the signer's certificate is in the message
	attributes bool // as EC2 has them: content type, signing time, digest
	digest     asn1.ObjectIdentifier
	two        bool // signed twice
}

// sign returns the message in DER.
func (s signer) sign(t testing.TB, content []byte, f form) []byte {
	t.Helper()
	message, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	if f.digest == nil {
		f.digest = pkcs7.OIDDigestAlgorithmSHA256
	}
	message.SetDigestAlgorithm(f.digest)
	for range 1 + map[bool]int{true: 1}[f.two] {
		if f.attributes {
			err = message.AddSigner(s.certificate, s.key, pkcs7.SignerInfoConfig{})
		} else {
			err = message.SignWithoutAttr(s.certificate, s.key, pkcs7.SignerInfoConfig{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	der, err := message.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if !f.embed {
		der = withoutCertificates(t, der)
	}
	return der
}

// withoutCertificates takes the certificates out, which are not signed.
func withoutCertificates(t testing.TB, der []byte) []byte {
	t.Helper()
	var message struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue // with the tag [0] around
	}
	var body []asn1.RawValue
	for _, step := range []func() error{
		func() error { _, err := asn1.Unmarshal(der, &message); return err },
		func() error { _, err := asn1.Unmarshal(message.Content.Bytes, &body); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	body = slices.DeleteFunc(body, func(v asn1.RawValue) bool { return v.Class == asn1.ClassContextSpecific && v.Tag == 0 })
	inner, err := asn1.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	message.Content = asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: inner}
	stripped, err := asn1.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return stripped
}

// fields are those of a document, in EC2's form.
type fields map[string]any

func documentOf(pending time.Time, changes fields) []byte {
	all := fields{
		"accountId": account, "architecture": "arm64", "availabilityZone": region + "a", "billingProducts": nil, "devpayProductCodes": nil,
		"marketplaceProductCodes": nil, "imageId": "ami-0123456789abcdef0", "instanceId": worker, "instanceType": "c7gn.2xlarge", "kernelId": nil,
		"pendingTime": pending.UTC().Format(time.RFC3339), "privateIp": "10.0.0.1", "ramdiskId": nil, "region": region, "version": "2017-09-30",
	}
	maps.Copy(all, changes)
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		panic(err)
	}
	return text
}

func requestWith(der []byte) *http.Request {
	return &http.Request{Header: http.Header{"Authorization": {"InstanceIdentity " + base64.StdEncoding.EncodeToString(der)}}}
}

// fleet has one instance, or what is wrong, and counts its calls.
type fleet struct {
	mu       sync.Mutex
	instance binder.Instance
	err      error
	calls    int
	asked    []string
}

func (f *fleet) Describe(_ context.Context, ids ...string) ([]binder.Instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	f.asked = ids
	if f.err != nil {
		return nil, f.err
	}
	if slices.Contains(ids, f.instance.ID) {
		return []binder.Instance{f.instance}, nil
	}
	return nil, nil
}

func (f *fleet) set(change func(*binder.Instance)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.instance)
}

func (f *fleet) List(context.Context) iter.Seq2[binder.Instance, error] {
	return func(yield func(binder.Instance, error) bool) {
		yield(binder.Instance{}, errors.New("nobody lists here"))
	}
}

// world is an Authenticator with the genuine certificate, and an instance that
// was launched a minute ago.
type world struct {
	t       testing.TB
	genuine signer
	fleet   *fleet
	who     *identitydoc.Authenticator
	pending time.Time
}

func newWorld(t testing.TB, optFns ...func(*identitydoc.Options)) *world {
	t.Helper()
	w := &world{t: t, genuine: newSigner(t, true), pending: time.Now().Add(-time.Minute).Truncate(time.Second)}
	w.fleet = &fleet{instance: binder.Instance{
		ID: worker, State: binder.Running, LaunchedAt: w.pending, PrivateIP: netip.MustParseAddr("10.0.0.1"),
	}}
	var err error
	w.who, err = identitydoc.New(w.fleet, append([]func(*identitydoc.Options){func(o *identitydoc.Options) {
		o.Certificates = map[string][]byte{region: w.genuine.pem()}
		o.Accounts = []string{account}
	}}, optFns...)...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
