package zonetest

import (
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func conflictCases() []testCase {
	return []testCase{
		{Name: "create-existing", Contract: "Create: no record set of this key may exist. Nothing is ever overwritten.", Run: createExisting},
		{Name: "create-same", Contract: "Create: no record set of this key may exist.", Run: createSame},
		{Name: "delete-absent", Contract: "If the zone does not hold what a change's Before says, nothing is changed and the error is a *ConflictError.", Run: deleteAbsent},
		{Name: "delete-other-value", Contract: "Delete: the record set must be exactly before.", Run: deleteOtherValue},
		{Name: "delete-former-value", Contract: "Delete: the record set must be exactly before.", Run: deleteFormerValue},
		{Name: "delete-other-ttl", Contract: "Delete: the record set must be exactly before.", Run: deleteOtherTTL},
		{Name: "replace-absent", Contract: "Replace: likewise, the record set must be exactly before.", Run: replaceAbsent},
		{Name: "replace-other", Contract: "Replace: likewise, the record set must be exactly before.", Run: replaceOther},
		{Name: "publish-again-changed", Contract: "Publish again: the set stays as it is; before must be what the zone holds.", Run: publishAgainChanged},
		{Name: "publish-again-absent", Contract: "Publish again: the set stays as it is; before must be what the zone holds.", Run: publishAgainAbsent},
	}
}

func createExisting(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.apply(t, dnspolicy.Create(set))
	f.conflict(t, dnspolicy.Create(f.a("m", "192.0.2.2")), &set)
}

func createSame(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.apply(t, dnspolicy.Create(set))
	f.conflict(t, dnspolicy.Create(set), &set)
}

func deleteAbsent(t tb, f Fixture) {
	f.conflict(t, dnspolicy.Delete(f.a("m", "192.0.2.1")), nil)
}

func deleteOtherValue(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1", "192.0.2.2")
	f.apply(t, dnspolicy.Create(set))
	f.conflict(t, dnspolicy.Delete(f.a("m", "192.0.2.3", "192.0.2.4")), &set)
	f.conflict(t, dnspolicy.Delete(f.a("m", "192.0.2.1")), &set)
}

func deleteFormerValue(t tb, f Fixture) {
	set, after := f.a("m", "192.0.2.1"), f.a("m", "192.0.2.2")
	f.apply(t, dnspolicy.Create(set))
	f.apply(t, replace(set, after))
	f.conflict(t, dnspolicy.Delete(set), &after)
}

func deleteOtherTTL(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.apply(t, dnspolicy.Create(set))
	other := set
	other.TTL = time.Hour
	f.conflict(t, dnspolicy.Delete(other), &set)
}

func replaceAbsent(t tb, f Fixture) {
	f.conflict(t, replace(f.a("m", "192.0.2.1"), f.a("m", "192.0.2.2")), nil)
}

func replaceOther(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.apply(t, dnspolicy.Create(set))
	f.conflict(t, replace(f.a("m", "192.0.2.2"), f.a("m", "192.0.2.3")), &set)
}

func publishAgainChanged(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.apply(t, dnspolicy.Create(set))
	f.conflict(t, dnspolicy.Republish(f.a("m", "192.0.2.2")), &set)
}

func publishAgainAbsent(t tb, f Fixture) {
	f.conflict(t, dnspolicy.Republish(f.a("m", "192.0.2.1")), nil)
}
