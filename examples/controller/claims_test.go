package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// What claims nodes is named after where its records are, without a password; a
// file, which is anybody's, after the Lease; and as it is told.
func TestDeploymentIsTheStores(t *testing.T) {
	password := url.UserPassword("eip", "secret")
	database := deployment.Store{Kind: deployment.PostgreSQL, Location: (&url.URL{Scheme: "postgres", User: password, Host: "db.example.com:5432", Path: "/eip"}).String()}
	odd := deployment.Store{Kind: deployment.PostgreSQL, Location: "postgres:///my%20db?host=/run/a&search_path=media&password=secret"}
	file := deployment.Store{Kind: deployment.SQLite, Location: "/data/eipbinder.db"}
	long := "dynamodb/eu-central-1/" + strings.Repeat("a", 200)
	for _, row := range []struct{ given, store, want string }{
		{"", "dynamodb/eu-central-1/bindings", "dynamodb/eu-central-1/bindings"},
		{"", nameOf(database), "postgresql/db.example.com:5432/eip"},
		{"", nameOf(odd), "postgresql//my%20db?host=%2Frun%2Fa&search_path=media"},
		{"", nameOf(file), "sqlite/media/lease"},
		{"turn", nameOf(database), "turn"},
		{"", long, ""},
	} {
		o := k8snode.Options{Deployment: row.given}
		settings{leaderNamespace: "media", leaderID: "lease"}.claims(opened{name: row.store})(&o)
		if len(row.store) > 100 { // a part, and a sum that tells it from others of that beginning
			other := k8snode.Options{}
			settings{}.claims(opened{name: row.store + "b"})(&other)
			if len(o.Deployment) != 100 || !strings.HasPrefix(o.Deployment, long[:83]+"-") || o.Deployment == other.Deployment {
				t.Errorf("%s and %s", o.Deployment, other.Deployment)
			}
			continue
		}
		if o.Deployment != row.want {
			t.Errorf("%+v: %q", row, o.Deployment)
		}
	}
}
