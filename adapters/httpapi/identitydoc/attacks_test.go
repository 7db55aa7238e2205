package identitydoc_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/binder"
)

// attack is what somebody shows; the error is what it must give.
type attack struct {
	name string
	make func(*testing.T, *world) *http.Request
	want error
	// describes: it is not seen before EC2 is asked
	describes bool
}

func shows(content func(*world) []byte) func(*testing.T, *world) *http.Request {
	return func(t *testing.T, w *world) *http.Request {
		return requestWith(w.genuine.sign(t, content(w), form{attributes: true}))
	}
}

func with(changes fields) func(*testing.T, *world) *http.Request {
	return shows(func(w *world) []byte { return documentOf(w.pending, changes) })
}

func header(values ...string) func(*testing.T, *world) *http.Request {
	return func(*testing.T, *world) *http.Request {
		return &http.Request{Header: http.Header{"Authorization": values}}
	}
}

func forged(f form) func(*testing.T, *world) *http.Request {
	return func(t *testing.T, w *world) *http.Request {
		return requestWith(newSigner(t, false).sign(t, documentOf(w.pending, nil), f))
	}
}

// altered signs the document of another worker, and then puts this one's ID in.
func altered(t *testing.T, w *world) *http.Request {
	const theirs = "i-0fedcba9876543210"
	blob := w.genuine.sign(t, documentOf(w.pending, fields{"instanceId": theirs}), form{attributes: true})
	return requestWith(bytes.ReplaceAll(blob, []byte(theirs), []byte(worker)))
}

func bootedAgain(state binder.State, later time.Duration) func(*testing.T, *world) *http.Request {
	return func(t *testing.T, w *world) *http.Request {
		w.fleet.instance.State, w.fleet.instance.LaunchedAt = state, w.pending.Add(later)
		return requestWith(w.genuine.sign(t, documentOf(w.pending, nil), form{attributes: true}))
	}
}

// aged is a document that agrees with EC2 in everything: nothing but its age is
// against it.
func aged(t *testing.T, w *world) *http.Request {
	w.pending = w.pending.Add(-15 * time.Minute)
	return bootedAgain(binder.Running, 0)(t, w)
}

func truncated(t *testing.T, w *world) *http.Request {
	blob := w.genuine.sign(t, documentOf(w.pending, nil), form{attributes: true})
	return requestWith(blob[:len(blob)-100])
}

var attacks = []attack{
	{"nothing", header(), httpapi.ErrNoCredentials, false},
	{"another scheme", header("Bearer abc"), httpapi.ErrNoCredentials, false},
	{"an empty document", header("InstanceIdentity "), httpapi.ErrUnauthenticated, false},
	{"no base64", header("InstanceIdentity ä"), httpapi.ErrUnauthenticated, false},
	{"a genuine one with a sign too many", func(t *testing.T, w *world) *http.Request {
		r := with(nil)(t, w)
		r.Header.Set("Authorization", r.Header.Get("Authorization")+"*")
		return r
	}, httpapi.ErrUnauthenticated, false},
	{"two headers", func(t *testing.T, w *world) *http.Request {
		r := with(nil)(t, w)
		r.Header.Add("Authorization", r.Header.Get("Authorization"))
		return r
	}, httpapi.ErrUnauthenticated, false},
	{"a long one", with(fields{"more": strings.Repeat("x", 8000)}), httpapi.ErrUnauthenticated, false},
	{"deeply nested", func(*testing.T, *world) *http.Request { return requestWith(bytes.Repeat([]byte{0x30, 0x80}, 3000)) }, httpapi.ErrUnauthenticated, false},
	{"random", func(*testing.T, *world) *http.Request { return requestWith([]byte(rand.Text() + rand.Text())) }, httpapi.ErrUnauthenticated, false},
	{"JSON without a signature", func(_ *testing.T, w *world) *http.Request { return requestWith(documentOf(w.pending, nil)) }, httpapi.ErrUnauthenticated, false},

	{"forged, with no certificate", forged(form{attributes: true}), httpapi.ErrUnauthenticated, false},
	{"forged, with its own certificate of the same name", forged(form{attributes: true, embed: true}), httpapi.ErrUnauthenticated, false},
	{"forged, without attributes", forged(form{embed: true}), httpapi.ErrUnauthenticated, false},
	{"forged, with a certificate of another name", func(t *testing.T, w *world) *http.Request {
		other := newSigner(t, false, func(c *x509.Certificate) { c.SerialNumber, c.Subject.CommonName = big.NewInt(7), "forger" })
		return requestWith(other.sign(t, documentOf(w.pending, nil), form{attributes: true, embed: true}))
	}, httpapi.ErrUnauthenticated, false},
	{"forged, with the genuine certificate beside", func(t *testing.T, w *world) *http.Request {
		message, err := pkcs7.NewSignedData(documentOf(w.pending, nil))
		if err != nil {
			t.Fatal(err)
		}
		message.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
		message.AddCertificate(w.genuine.certificate)
		other := newSigner(t, false)
		if err := message.AddSigner(other.certificate, other.key, pkcs7.SignerInfoConfig{}); err != nil {
			t.Fatal(err)
		}
		der, err := message.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return requestWith(der)
	}, httpapi.ErrUnauthenticated, false},
	{"changed after signing", altered, httpapi.ErrUnauthenticated, false},
	{"truncated", truncated, httpapi.ErrUnauthenticated, false},
	{"without a signer", func(t *testing.T, w *world) *http.Request {
		message, err := pkcs7.NewSignedData(documentOf(w.pending, nil))
		if err != nil {
			t.Fatal(err)
		}
		message.AddCertificate(w.genuine.certificate)
		der, err := message.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return requestWith(der)
	}, httpapi.ErrUnauthenticated, false},
	{"signed twice", func(t *testing.T, w *world) *http.Request {
		return requestWith(w.genuine.sign(t, documentOf(w.pending, nil), form{attributes: true, two: true}))
	}, httpapi.ErrUnauthenticated, false},
	{"with SHA-1", func(t *testing.T, w *world) *http.Request {
		return requestWith(w.genuine.sign(t, documentOf(w.pending, nil), form{attributes: true, digest: pkcs7.OIDDigestAlgorithmSHA1}))
	}, httpapi.ErrUnauthenticated, false},
	{"detached", func(t *testing.T, w *world) *http.Request {
		message, err := pkcs7.NewSignedData(documentOf(w.pending, nil))
		if err != nil {
			t.Fatal(err)
		}
		message.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
		if err := message.AddSigner(w.genuine.certificate, w.genuine.key, pkcs7.SignerInfoConfig{}); err != nil {
			t.Fatal(err)
		}
		message.Detach()
		der, err := message.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return requestWith(der)
	}, httpapi.ErrUnauthenticated, false},

	{"another Region", with(fields{"region": "us-east-1"}), httpapi.ErrUnauthenticated, false},
	{"no Region", with(fields{"region": nil}), httpapi.ErrUnauthenticated, false},
	{"another account", with(fields{"accountId": "210987654321"}), httpapi.ErrForbidden, false},
	{"no account", with(fields{"accountId": nil}), httpapi.ErrForbidden, false},
	{"no instance ID", with(fields{"instanceId": "i-1\r\n"}), httpapi.ErrUnauthenticated, false},
	{"no time", with(fields{"pendingTime": nil}), httpapi.ErrUnauthenticated, false},
	{"a time that is none", with(fields{"pendingTime": "now"}), httpapi.ErrUnauthenticated, false},
	{"not an object", shows(func(*world) []byte { return []byte(`["` + worker + `"]`) }), httpapi.ErrUnauthenticated, false},
	{"something after the document", shows(func(w *world) []byte { return append(documentOf(w.pending, nil), "{}"...) }), httpapi.ErrUnauthenticated, false},
	{"too old", shows(func(w *world) []byte { return documentOf(w.pending.Add(-15*time.Minute), nil) }), httpapi.ErrUnauthenticated, false},
	{"too old, though of the present boot", aged, httpapi.ErrUnauthenticated, false},
	{"from the future", shows(func(w *world) []byte { return documentOf(w.pending.Add(2*time.Minute), nil) }), httpapi.ErrUnauthenticated, false},

	{"replayed: the instance is terminated", bootedAgain(binder.Terminated, 0), httpapi.ErrUnauthenticated, true},
	{"replayed: it is shutting down", bootedAgain(binder.ShuttingDown, 0), httpapi.ErrUnauthenticated, true},
	{"replayed: it is stopped", bootedAgain(binder.Stopped, 0), httpapi.ErrUnauthenticated, true},
	{"replayed: of an earlier boot", bootedAgain(binder.Running, 45*time.Second), httpapi.ErrUnauthenticated, true},
	{"of a later boot than EC2 shows", bootedAgain(binder.Running, -45*time.Second), httpapi.ErrUnauthenticated, true},
	{"with another private address", with(fields{"privateIp": "10.0.0.2"}), httpapi.ErrUnauthenticated, true},
}

func TestAttacks(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				p, err := w.who.Authenticate(a.make(t, w))
				if !errors.Is(err, a.want) || p != (httpapi.Principal{}) {
					t.Errorf("%+v, %v; want %v", p, err, a.want)
				}
				if asked := w.fleet.calls > 0; asked != a.describes {
					t.Errorf("EC2 was asked: %t", asked)
				}
			})
		})
	}
}

// The library itself is satisfied with a forger's embedded certificate: that is
// what the pinning is for.
func TestTheForgeryWouldConvinceTheLibrary(t *testing.T) {
	blob := newSigner(t, false).sign(t, documentOf(time.Now(), nil), form{attributes: true, embed: true})
	message, err := pkcs7.Parse(blob)
	if err != nil {
		t.Fatal(err)
	}
	if err := message.Verify(); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

// A message that is cut anywhere, or in which any byte is changed, is refused and
// harms nothing.
func TestTruncatedAndDamagedDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for name, blob := range map[string][]byte{
			"DER": w.genuine.sign(t, documentOf(w.pending, nil), form{attributes: true}),
			"BER": indefinite(t, w.genuine.sign(t, documentOf(w.pending, nil), form{attributes: true})),
		} {
			for length := range len(blob) - 16 { // the last bytes of BER only end what is open
				if _, err := w.who.Authenticate(requestWith(blob[:length])); !errors.Is(err, httpapi.ErrUnauthenticated) {
					t.Fatalf("%s cut at %d of %d: %v", name, length, len(blob), err)
				}
			}
			at := bytes.Index(blob, []byte(`"accountId"`))
			for i := at; i < at+20; i++ {
				damaged := bytes.Clone(blob)
				damaged[i] ^= 1
				if _, err := w.who.Authenticate(requestWith(damaged)); !errors.Is(err, httpapi.ErrUnauthenticated) {
					t.Fatalf("%s changed at %d: %v", name, i, err)
				}
			}
		}
		if w.fleet.calls > 0 {
			t.Errorf("EC2 was asked %d times", w.fleet.calls)
		}
	})
}
