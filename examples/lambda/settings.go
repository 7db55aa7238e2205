package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// The environment variables of the function alone; those of all programs are in
// package deployment.
const (
	// envQueueURL is the URL of the function's SQS queue: messages that have to wait
	// come back when their time has come, and POST /v1/bind puts instances into it.
	envQueueURL = "EIPBINDER_QUEUE_URL"
	// envAPIAccounts are the IDs of the accounts whose roles may use the HTTP API.
	envAPIAccounts = "EIPBINDER_API_ACCOUNTS"
	// envAPIRoles are the names of the workers' roles.
	envAPIRoles = "EIPBINDER_API_ROLES"
	// envAPIOperators are the names of the operators' roles.
	envAPIOperators = "EIPBINDER_API_OPERATORS"
)

// settings are those of the function alone. Lists have commas between their
// items.
type settings struct {
	queueURL                   string
	accounts, roles, operators []string
}

// serves reports whether there is an HTTP API.
func (s settings) serves() bool { return len(s.accounts) > 0 }

// settingsFrom reads them with getenv. The error joins all that is wrong, and
// names the variables.
func settingsFrom(getenv func(string) string) (settings, error) {
	s := settings{
		queueURL: strings.TrimSpace(getenv(envQueueURL)),
		accounts: list(getenv(envAPIAccounts)), roles: list(getenv(envAPIRoles)), operators: list(getenv(envAPIOperators)),
	}
	var errs []error
	require := func(ok bool, variable, what string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", variable, what))
		}
	}
	require(s.queueURL == "" || isURL(s.queueURL), envQueueURL, fmt.Sprintf("%q is not a queue's URL: set it to one, such as https://sqs.eu-central-1.amazonaws.com/123456789012/eipbinder", s.queueURL))
	asked := len(s.roles)+len(s.operators) > 0
	require(s.serves() || !asked, envAPIAccounts, "is not set, but roles for the HTTP API are: set it to the IDs of their accounts, such as 123456789012")
	require(asked || !s.serves(), envAPIRoles, "is not set, nor is "+envAPIOperators+", but accounts for the HTTP API are: set it to the names of the workers' roles")
	require(s.queueURL != "" || !s.serves(), envQueueURL, "is not set, but the HTTP API needs the queue: set it to its URL")
	return s, errors.Join(errs...)
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// list returns the items between the commas.
func list(text string) (items []string) {
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
