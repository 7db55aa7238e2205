package identitydoc_test

import (
	"bytes"
	"encoding/asn1"
	"testing"
)

// indefinite writes DER anew as EC2 writes its messages: constructed values of
// indefinite length (X.690, 8.1.3.6), and octet strings in pieces.
func indefinite(t testing.TB, der []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for rest := der; len(rest) > 0; {
		var value asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &value); err != nil {
			t.Fatal(err)
		}
		switch {
		case signed(value):
			out.Write(value.FullBytes) // its encoding is part of what is signed
		case value.IsCompound:
			out.Write([]byte{value.FullBytes[0], 0x80})
			out.Write(indefinite(t, value.Bytes))
			out.Write([]byte{0, 0})
		case value.Class == asn1.ClassUniversal && value.Tag == asn1.TagOctetString && len(value.Bytes) > 300:
			out.Write([]byte{0x24, 0x80})
			half := len(value.Bytes) / 2
			for _, piece := range [][]byte{value.Bytes[:half], value.Bytes[half:]} {
				encoded, err := asn1.Marshal(piece)
				if err != nil {
					t.Fatal(err)
				}
				out.Write(encoded)
			}
			out.Write([]byte{0, 0})
		default:
			out.Write(value.FullBytes)
		}
	}
	return out.Bytes()
}

// signed: the list of signers, whose attributes are signed as DER.
func signed(value asn1.RawValue) bool {
	if value.Class != asn1.ClassUniversal || value.Tag != asn1.TagSet || len(value.Bytes) < 300 {
		return false
	}
	var version int
	var first asn1.RawValue
	if _, err := asn1.Unmarshal(value.Bytes, &first); err != nil {
		return false
	}
	_, err := asn1.Unmarshal(first.Bytes, &version)
	return err == nil
}
