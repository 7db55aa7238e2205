package deployment

import "slices"

// The environment variables that FromEnv reads; Settings says what they mean.
const (
	EnvConfig            = "EIPBINDER_CONFIG"
	EnvStore             = "EIPBINDER_STORE"
	EnvRecordTable       = "EIPBINDER_RECORD_TABLE"
	EnvBindingTable      = "EIPBINDER_BINDING_TABLE"
	EnvCheck             = "EIPBINDER_CHECK"
	EnvShare             = "EIPBINDER_SHARE"
	EnvAssociateLimit    = "EIPBINDER_ASSOCIATE_LIMIT"
	EnvDNSLinger         = "EIPBINDER_DNS_LINGER"
	EnvDNSFirstLook      = "EIPBINDER_DNS_FIRST_LOOK"
	EnvDNSPollInterval   = "EIPBINDER_DNS_POLL_INTERVAL"
	EnvSuffix            = "EIPBINDER_SUFFIX"
	EnvHostedZoneID      = "EIPBINDER_HOSTED_ZONE_ID"
	EnvPoolTags          = "EIPBINDER_POOL_TAGS"
	EnvInstanceTags      = "EIPBINDER_INSTANCE_TAGS"
	EnvPolicy            = "EIPBINDER_POLICY"
	EnvRecords           = "EIPBINDER_RECORDS"
	EnvKeepNames         = "EIPBINDER_KEEP_NAMES"
	EnvCoveredByWildcard = "EIPBINDER_COVERED_BY_WILDCARD"
	EnvReverseNames      = "EIPBINDER_REVERSE_NAMES"
	EnvTTL               = "EIPBINDER_TTL"
	EnvCoolDown          = "EIPBINDER_COOL_DOWN"
	EnvStopGrace         = "EIPBINDER_STOP_GRACE"
	EnvRecordTags        = "EIPBINDER_RECORD_TAGS"
	EnvBlastRadius       = "EIPBINDER_BLAST_RADIUS"
	EnvConcurrency       = "EIPBINDER_CONCURRENCY"
	EnvDNSWait           = "EIPBINDER_DNS_WAIT"
	EnvLease             = "EIPBINDER_LEASE"
	EnvLateCalls         = "EIPBINDER_LATE_CALLS"
	EnvConfirmAfter      = "EIPBINDER_CONFIRM_AFTER"
	EnvBinderID          = "EIPBINDER_BINDER_ID"
)

// Setting is one setting of a deployment.
type Setting struct {
	// Key is its name in a configuration file; empty for the file itself.
	Key string
	// Variable is its name in the environment; empty if it has none there.
	Variable string
	// Default is what it is where nothing is given; empty if that is nothing, or
	// follows from others.
	Default string
	// Required: something must be given.
	Required bool
	// Meaning says what it is about.
	Meaning string

	fix string // what it should be
}

// Settings returns all settings, in the order in which people should read them.
func Settings() []Setting {
	return slices.Concat(StoreSettings(), paceSettings(), nameSettings(), careSettings())
}

// StoreSettings returns the settings that say where the records are.
func StoreSettings() []Setting {
	return []Setting{
		{Variable: EnvConfig, Meaning: "configuration file with profiles: its path, or its text; with it, no other setting may be given"},
		{"store", EnvStore, "", false, "where the records are: dynamodb, sqlite:PATH or postgres://...; by default in DynamoDB if a table is named, " +
			"else the command line has them in SQLite, and the Lambda function in DynamoDB", "dynamodb, sqlite:PATH or a postgres:// URL"},
		{"recordTable", EnvRecordTable, "record_table", false, "the DynamoDB table that schedule servers read", "a table name"},
		{"bindingTable", EnvBindingTable, "binding_table", false, "the binder's own DynamoDB table", "a table name"},
	}
}

// paceSettings are for the whole process, whatever the profiles.
func paceSettings() []Setting {
	const span = "a duration, such as 5s"
	return []Setting{
		{"check", EnvCheck, "true", false, "whether a Lambda function checks zones, tables and pools when it starts", "true or false"},
		{"share", EnvShare, "1", false, "the part of AWS's limits that this process may use", "a part above 0, and at most 1, such as 0.5"},
		{"associateLimit", EnvAssociateLimit, "50/5", false, "the account's limit on AssociateAddress: calls in a burst, and calls a second", "burst and calls a second, such as 50/5"},
		{"dnsLinger", EnvDNSLinger, "25ms", false, "how long a DNS change waits for others to share its request", "a duration, such as 25ms"},
		{"dnsFirstLook", EnvDNSFirstLook, "20s", false, "how long after a DNS change it is first asked whether it is in sync", span},
		{"dnsPollInterval", EnvDNSPollInterval, "5s", false, "how often it is asked from then on", "a duration above 0, such as 5s"},
	}
}

// nameSettings and careSettings are each profile's.
func nameSettings() []Setting {
	const yesNo = "true or false"
	return []Setting{
		{Key: "name", Required: true, Meaning: "name of the profile", fix: "a name for the profile, such as media"},
		{"suffix", EnvSuffix, "", true, "domain under which the names go, such as media.example.com", "the domain for the workers' names, such as media.example.com"},
		{"hostedZoneID", EnvHostedZoneID, "", true, "the public hosted zone that holds it", "the ID of the public hosted zone that holds the suffix, such as Z0123456789ABCDEFGHIJ"},
		{"poolTags", EnvPoolTags, "", true, "tags of the pool's addresses, such as Pool=byol,App=streaming", "tags of the Elastic IP addresses to use, such as Pool=byol,App=streaming"},
		{"instanceTags", EnvInstanceTags, "", true, "tags of the workers, such as karpenter.sh/nodepool=media", "tags of the instances to serve, such as karpenter.sh/nodepool=media"},
		{"policy", EnvPolicy, "dotted-ip", false, "how workers are named: one of " + PolicyHelp + ", or several with || between them, which are tried in turn", "one of " + PolicyHelp},
		{"records", EnvRecords, "", false, "more record sets: " + RecordsHelp + ", or several with || between them", "any of " + RecordsHelp},
		{"keepNames", EnvKeepNames, "false", false, "leave the names of freed addresses published, and let them be prewarmed", yesNo},
		{"coveredByWildcard", EnvCoveredByWildcard, "false", false, "refuse names that a wildcard certificate for the suffix does not cover", yesNo},
		{"reverseNames", EnvReverseNames, "false", false, "set the addresses' reverse names, too", yesNo},
		{"ttl", EnvTTL, "60s", false, "TTL of the names", "whole seconds, such as 60s"},
	}
}

func careSettings() []Setting {
	return []Setting{
		{"coolDown", EnvCoolDown, "2m", false, "how long a freed address is nobody's", "a duration, such as 2m"},
		{"stopGrace", EnvStopGrace, "10m", false, "how long a stopped worker keeps its binding, hidden", "a duration, such as 10m"},
		{"recordTags", EnvRecordTags, "", false, "keys of the instance tags that schedule servers see", "keys of instance tags, such as Room,App"},
		{"blastRadius", EnvBlastRadius, "50", false, "how many bindings and names a sweep may take back without being forced", "a whole number, such as 50"},
		{"dnsWait", EnvDNSWait, "2m", false, "for how long at most one call waits for DNS, before it says when to come back", "a duration of at least a second, such as 2m"},
		{"concurrency", EnvConcurrency, "16", false, "how many workers of a call are worked on at once", "a whole number above 0, such as 16"},
		{"lease", EnvLease, "1m", false, "how long one process may act on a record before another one takes over", "a duration of at least a second, such as 1m"},
		{"lateCalls", EnvLateCalls, "", false, "how long after a lease was taken its calls may still take effect; by default the lease and five minutes; less is for tests only", "a duration, such as 6m"},
		{"confirmAfter", EnvConfirmAfter, "5m", false, "how far apart two observations must be that together prove an absence", "a duration, such as 5m"},
		{"binderID", EnvBinderID, "", false, "name of the deployment in its records, to be kept; by default eipbinder, or eipbinder-NAME for a profile", "a name for this deployment"},
	}
}

// or returns the setting with another default.
func (s Setting) or(preset string) Setting {
	s.Default, s.Required = preset, s.Required && preset == ""
	return s
}
