package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const queueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/eipbinder"

func TestSettings(t *testing.T) {
	for _, test := range []struct {
		variables map[string]string
		want      settings
		says      []string // what each of the errors begins with
	}{
		{map[string]string{}, settings{}, nil},
		{map[string]string{envQueueURL: " " + queueURL}, settings{queueURL: queueURL}, nil},
		{
			map[string]string{envQueueURL: queueURL, envAPIAccounts: "123456789012, 210987654321", envAPIRoles: "media-worker,,voice-worker,", envAPIOperators: "platform"},
			settings{queueURL, []string{"123456789012", "210987654321"}, []string{"media-worker", "voice-worker"}, []string{"platform"}}, nil,
		},
		{map[string]string{envQueueURL: "eipbinder"}, settings{}, []string{`EIPBINDER_QUEUE_URL: "eipbinder" is not a queue's URL`}},
		{map[string]string{envAPIRoles: "media-worker"}, settings{}, []string{"EIPBINDER_API_ACCOUNTS: is not set"}},
		{map[string]string{envAPIOperators: "platform"}, settings{}, []string{"EIPBINDER_API_ACCOUNTS: is not set"}},
		{map[string]string{envAPIAccounts: "123456789012"}, settings{}, []string{"EIPBINDER_API_ROLES: is not set", "EIPBINDER_QUEUE_URL: is not set"}},
	} {
		got, err := settingsFrom(func(name string) string { return test.variables[name] })
		if test.says == nil {
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(settings{})); diff != "" || err != nil {
				t.Errorf("%v: %v (-want +got):\n%s", test.variables, err, diff)
			}
			continue
		}
		if err == nil {
			t.Errorf("%v: no error", test.variables)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		for i, line := range lines {
			if len(lines) != len(test.says) || !strings.HasPrefix(line, test.says[i]) {
				t.Errorf("%v: error %q, want %q", test.variables, lines, test.says)
			}
		}
	}
}
