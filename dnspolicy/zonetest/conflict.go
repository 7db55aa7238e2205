package zonetest

import (
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func conflictCases() []testCase {
	return []testCase{
		{"create-existing", "Create: no record set of this key may exist. Nothing is ever overwritten.", createExisting},
		{"create-same", "Create: no record set of this key may exist.", createSame},
		{"delete-absent", "If the zone does not hold what a change's Before says, nothing is changed and the error is a *ConflictError.", deleteAbsent},
		{"delete-other-value", "Delete: the record set must be exactly before.", deleteOtherValue},
		{"delete-former-value", "Delete: the record set must be exactly before.", deleteFormerValue},
		{"delete-other-ttl", "Delete: the record set must be exactly before.", deleteOtherTTL},
		{"replace-absent", "Replace: likewise, the record set must be exactly before.", replaceAbsent},
		{"replace-other", "Replace: likewise, the record set must be exactly before.", replaceOther},
		{"publish-again-changed", "Publish again: the set stays as it is; before must be what the zone holds.", publishAgainChanged},
		{"publish-again-absent", "Publish again: the set stays as it is; before must be what the zone holds.", publishAgainAbsent},
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
