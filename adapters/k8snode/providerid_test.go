package k8snode

import "testing"

func TestInstanceOf(t *testing.T) {
	for providerID, want := range map[string]string{
		"aws:///eu-central-1a/i-0123456789abcdef0": "i-0123456789abcdef0",
		"aws:///eu-central-1a/i-01234567":          "i-01234567",
		"aws://eu-central-1a/i-0123456789abcdef0":  "i-0123456789abcdef0",
		"":                        "",
		"aws:///eu-central-1a/":   "",
		"aws:///eu-central-1a/i-": "",
		"aws:///eu-central-1a/i-0123456789ABCDEF0":                 "",
		"aws:///eu-central-1a/i-0123456789abcdef":                  "",
		"aws:///eu-central-1a/9a8b7c/fargate-ip-10-0-0-1.internal": "",
		"gce://project/zone/i-0123456789abcdef0":                   "",
		"kwok://i-0123456789abcdef0":                               "",
	} {
		if got, err := instanceOf(providerID); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", providerID, got, err, want)
		}
	}
}
