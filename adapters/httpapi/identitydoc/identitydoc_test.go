package identitydoc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/adapters/httpapi/identitydoc"
	"github.com/eipbinder/eipbinder/binder"
)

func TestGenuineDocumentsAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for name, blob := range map[string][]byte{
			"as EC2 makes them":       indefinite(t, w.genuine.sign(t, documentOf(w.pending, nil), form{attributes: true})),
			"DER":                     w.genuine.sign(t, documentOf(w.pending, nil), form{attributes: true}),
			"without attributes":      w.genuine.sign(t, documentOf(w.pending, nil), form{}),
			"with the certificate":    w.genuine.sign(t, documentOf(w.pending, nil), form{attributes: true, embed: true}),
			"with fields of tomorrow": w.genuine.sign(t, documentOf(w.pending, fields{"version": "2030-01-01", "tags": []string{"x"}}), form{attributes: true}),
			"without a private IP":    w.genuine.sign(t, documentOf(w.pending, fields{"privateIp": nil}), form{attributes: true}),
		} {
			p, err := w.who.Authenticate(requestWith(blob))
			if err != nil || p.InstanceID != worker || p.Operator || p.Name != account+"/"+region+"/"+worker {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
	})
}

func FuzzAuthenticate(f *testing.F) {
	w := newWorld(f, func(o *identitydoc.Options) { o.Gather = 1 })
	w.fleet.instance = binder.Instance{} // none is there, so that nobody may get in
	f.Add(w.genuine.sign(f, documentOf(w.pending, nil), form{attributes: true, embed: true}))
	f.Add(indefinite(f, w.genuine.sign(f, documentOf(w.pending, nil), form{})))
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, blob []byte) {
		if p, err := w.who.Authenticate(requestWith(blob)); err == nil {
			t.Errorf("let in: %+v", p)
		}
		if asked := w.fleet.asked; len(asked) > 0 && !slices.Equal(asked, []string{worker}) {
			t.Errorf("nothing that is signed names %q", asked)
		}
	})
}

// What EC2 does not say is no verdict: the instance is to come back.
func TestWhatCannotBeFoundOutIsNoVerdict(t *testing.T) {
	cause := errors.New("throttled")
	for name, change := range map[string]func(*fleet){
		"not shown yet": func(f *fleet) { f.instance.ID = "i-00000000" },
		"an error":      func(f *fleet) { f.err = cause },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			change(w.fleet)
			_, err := w.who.Authenticate(requestWith(w.genuine.sign(t, documentOf(w.pending, nil), form{})))
			for _, verdict := range []error{nil, httpapi.ErrForbidden, httpapi.ErrUnauthenticated, httpapi.ErrNoCredentials} {
				if errors.Is(err, verdict) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if w.fleet.err != nil && !errors.Is(err, cause) {
				t.Errorf("%s: the cause is lost: %v", name, err)
			}
		})
	}
}

func TestCertificatesChangeWithoutAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *identitydoc.Options) {
			o.Certificates[region] = append(newSigner(t, false).pem(), o.Certificates[region]...)
		})
		for _, genuine := range []bool{true, false} {
			blob := newSigner(t, genuine).sign(t, documentOf(w.pending, nil), form{attributes: true})
			if _, err := w.who.Authenticate(requestWith(blob)); err != nil {
				t.Errorf("genuine %t: %v", genuine, err)
			}
		}
	})
}

// One Region's certificate does not vouch for another's documents.
func TestEachRegionHasItsOwnCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *identitydoc.Options) { o.Certificates["us-east-1"] = newSigner(t, false).pem() })
		blob := w.genuine.sign(t, documentOf(w.pending, fields{"region": "us-east-1"}), form{attributes: true})
		if _, err := w.who.Authenticate(requestWith(blob)); !errors.Is(err, httpapi.ErrUnauthenticated) {
			t.Error(err)
		}
	})
}

func TestAnExpiredCertificateIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		time.Sleep(25 * time.Hour)
		now := time.Now().Truncate(time.Second)
		w.fleet.instance.LaunchedAt = now
		blob := w.genuine.sign(t, documentOf(now, nil), form{})
		if _, err := w.who.Authenticate(requestWith(blob)); !errors.Is(err, httpapi.ErrUnauthenticated) {
			t.Error(err)
		}
	})
}

// However many ask, EC2 is asked few times, and all get their own answer.
func TestLooksAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		other := w.genuine.sign(t, documentOf(w.pending, fields{"instanceId": "i-00000000"}), form{})
		own := w.genuine.sign(t, documentOf(w.pending, nil), form{})
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if _, err := w.who.Authenticate(requestWith(own)); err != nil {
					t.Error(err)
				}
			})
			group.Go(func() {
				if _, err := w.who.Authenticate(requestWith(other)); err == nil {
					t.Error("an instance that is not there was let in")
				}
			})
		}
		group.Wait()
		if w.fleet.calls != 1 || fmt.Sprint(w.fleet.asked) != "[i-00000000 "+worker+"]" {
			t.Errorf("%d calls, the last for %v", w.fleet.calls, w.fleet.asked)
		}
	})
}

// What was seen once is not believed twice.
func TestLooksAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := requestWith(w.genuine.sign(t, documentOf(w.pending, nil), form{}))
		if _, err := w.who.Authenticate(r); err != nil {
			t.Fatal(err)
		}
		w.fleet.set(func(i *binder.Instance) { i.State = binder.Terminated })
		if _, err := w.who.Authenticate(r); !errors.Is(err, httpapi.ErrUnauthenticated) {
			t.Errorf("after its end: %v", err)
		}
	})
}

func TestALookEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		r := requestWith(w.genuine.sign(t, documentOf(w.pending, nil), form{})).WithContext(ctx)
		if _, err := w.who.Authenticate(r); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		time.Sleep(time.Second) // the look itself goes on, for others
		w.fleet.mu.Lock()
		defer w.fleet.mu.Unlock()
		if w.fleet.calls != 1 {
			t.Errorf("%d calls", w.fleet.calls)
		}
	})
}

func TestNewChecks(t *testing.T) {
	w := newWorld(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*identitydoc.Options){
		"Accounts":       func(o *identitydoc.Options) { o.Accounts = nil },
		"account ID":     func(o *identitydoc.Options) { o.Accounts = []string{"1"} },
		"Certificates":   func(o *identitydoc.Options) { o.Certificates = nil },
		"no certificate": func(o *identitydoc.Options) { o.Certificates[region] = []byte("MII") },
		"malformed": func(o *identitydoc.Options) {
			o.Certificates[region] = pem.EncodeToMemory(&pem.Block{Bytes: []byte("x")})
		},
		"RSA of 2048":     func(o *identitydoc.Options) { o.Certificates[region] = pem.EncodeToMemory(&pem.Block{Bytes: der}) },
		"not be negative": func(o *identitydoc.Options) { o.MaxAge = -1 },
	} {
		_, err := identitydoc.New(w.fleet, func(o *identitydoc.Options) {
			o.Accounts, o.Certificates = []string{account}, map[string][]byte{region: w.genuine.pem()}
		}, change)
		if !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := identitydoc.New(nil); !errors.Is(err, binder.ErrConfig) {
		t.Error(err)
	}
}
