package dnspolicy

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

const (
	minKey     = 16 // octets; shorter keys can be searched
	hashOctets = 20 // 32 characters of base32
)

// HashOptions tune [HashedInstanceID] and [HashedAllocationID].
type HashOptions struct {
	// Prefix stands before the hash, such as "m-". With the hash's 32 characters
	// it must be a label, and no A-label ("xn--"). Default: none.
	Prefix string
}

// HashedInstanceID names a binding by a keyed hash of the instance ID: stable,
// but nobody can guess it or count workers by it without the key. It is 32
// characters of base32 in lower case, the first 160 bits of an HMAC-SHA256. The
// key is secret and has at least 16 octets, best 32 random ones, or the error is
// ErrInvalid. With another key, new bindings get other names.
func HashedInstanceID(key []byte, optFns ...func(*HashOptions)) (Policy, error) {
	h, err := newKeyedHash("instance", key, optFns)
	if err != nil {
		return nil, err
	}
	return builtIn{example{"HashedInstanceID", h.name("")}, func(s Subject) ([]string, error) {
		if s.InstanceID == "" {
			return nil, errors.New("subject has no instance ID")
		}
		return []string{h.name(s.InstanceID)}, nil
	}}, nil
}

// HashedAllocationID names an address by a keyed hash of its allocation ID. Key
// and hash are as with [HashedInstanceID]; the same key may serve both.
func HashedAllocationID(key []byte, optFns ...func(*HashOptions)) (AddressPolicy, error) {
	h, err := newKeyedHash("address", key, optFns)
	if err != nil {
		return nil, err
	}
	return builtInAddress{example{"HashedAllocationID", h.name("")}, func(a Address) ([]string, error) {
		if a.AllocationID == "" {
			return nil, errors.New("address has no allocation ID")
		}
		return []string{h.name(a.AllocationID)}, nil
	}}, nil
}

type keyedHash struct {
	domain string // keeps the hashes of instances and addresses apart
	key    []byte
	prefix string
}

func newKeyedHash(domain string, key []byte, optFns []func(*HashOptions)) (keyedHash, error) {
	var options HashOptions
	for _, fn := range optFns {
		fn(&options)
	}
	if len(key) < minKey {
		return keyedHash{}, fmt.Errorf("%w: the hash's key has %d octets, fewer than %d", ErrInvalid, len(key), minKey)
	}
	h := keyedHash{domain, bytes.Clone(key), options.Prefix}
	if err := checkLabel(h.name("")); err != nil {
		return keyedHash{}, fmt.Errorf("%w: prefix %q and hash: %w", ErrInvalid, options.Prefix, err)
	}
	if isACE(options.Prefix) {
		return keyedHash{}, fmt.Errorf("%w: prefix %q: only a whole A-label may begin so", ErrInvalid, options.Prefix)
	}
	return h, nil
}

func (h keyedHash) name(id string) string {
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(h.domain + ":" + id))
	return h.prefix + strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)[:hashOctets]))
}
