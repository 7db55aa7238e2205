package deployment

import (
	"errors"
	"strconv"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/ec2tag"
)

// The environment variables that FromEnv reads. In a configuration file the
// settings have the names that stand in brackets.
const (
	// EnvConfig is a configuration file: its path, or, for a Lambda function, the
	// text itself, which has more than one line or begins with a brace. With it no
	// other one of these variables may be set.
	EnvConfig = "EIPBINDER_CONFIG"
	// EnvSuffix is the domain under which workers get their names. Required.
	// [suffix]
	EnvSuffix = "EIPBINDER_SUFFIX"
	// EnvHostedZoneID is the public hosted zone that holds the suffix. Required.
	// [hostedZoneID]
	EnvHostedZoneID = "EIPBINDER_HOSTED_ZONE_ID"
	// EnvPoolTags selects the addresses, as text for ec2tag.Parse. Required.
	// [poolTags]
	EnvPoolTags = "EIPBINDER_POOL_TAGS"
	// EnvInstanceTags selects the workers, likewise. Required. [instanceTags]
	EnvInstanceTags = "EIPBINDER_INSTANCE_TAGS"
	// EnvRecordTable is the table that schedule servers read. Default
	// "record_table". [recordTable]
	EnvRecordTable = "EIPBINDER_RECORD_TABLE"
	// EnvBindingTable is the binder's own table. Default "binding_table".
	// [bindingTable]
	EnvBindingTable = "EIPBINDER_BINDING_TABLE"
	// EnvPolicy is how workers are named: one of [PolicyHelp], or several with ||
	// between them, which are tried in turn. Default "dotted-ip". [policy]
	EnvPolicy = "EIPBINDER_POLICY"
	// EnvRecords are record sets beside the names' own: one of [RecordsHelp], or
	// several with || between them. Default none. [records]
	EnvRecords = "EIPBINDER_RECORDS"
	// EnvCoveredByWildcard refuses names that a wildcard certificate for the suffix
	// does not cover. Default "false". [coveredByWildcard]
	EnvCoveredByWildcard = "EIPBINDER_COVERED_BY_WILDCARD"
	// EnvReverseNames sets the addresses' reverse names, too. Default "false".
	// [reverseNames]
	EnvReverseNames = "EIPBINDER_REVERSE_NAMES"
	// EnvTTL is the TTL of the names. Default "60s". [ttl]
	EnvTTL = "EIPBINDER_TTL"
	// EnvCoolDown is for how long a freed address is not reused. Default "2m".
	// [coolDown]
	EnvCoolDown = "EIPBINDER_COOL_DOWN"
	// EnvStopGrace is for how long a stopped worker keeps its binding. Default
	// "10m". [stopGrace]
	EnvStopGrace = "EIPBINDER_STOP_GRACE"
	// EnvLease is for how long one worker may act on a record before another one
	// takes over. Default "1m"; at least a second. [lease]
	EnvLease = "EIPBINDER_LEASE"
	// EnvLateCalls is for how long after a lease was taken its calls may still take
	// effect. Default: the lease, and the five minutes of a signature. Less is
	// for tests only. [lateCalls]
	EnvLateCalls = "EIPBINDER_LATE_CALLS"
	// EnvConfirmAfter is how far apart two observations must be that together prove
	// an absence. Default "5m". [confirmAfter]
	EnvConfirmAfter = "EIPBINDER_CONFIRM_AFTER"
	// EnvKeepNames leaves the names of freed addresses published. Default "false".
	// [keepNames]
	EnvKeepNames = "EIPBINDER_KEEP_NAMES"
	// EnvRecordTags are the keys, separated by commas, of instance tags that
	// schedule servers see. Default none. [recordTags]
	EnvRecordTags = "EIPBINDER_RECORD_TAGS"
	// EnvBinderID names the deployment, or the profile, in its records. Default
	// "eipbinder" for the profile "default", else "eipbinder-" and the profile's
	// name. [binderID]
	EnvBinderID = "EIPBINDER_BINDER_ID"
	// EnvCheck says whether a Lambda function checks zone, tables and pool when it
	// starts. Default "true". It takes a few calls, once for each cold start.
	// [check]
	EnvCheck = "EIPBINDER_CHECK"
)

// Config is what a deployment is configured with. The variables above say what
// the fields mean.
type Config struct {
	RecordTable  string
	BindingTable string
	Check        bool
	// Profiles are at least one. Without a configuration file it is one, with the
	// name "default".
	Profiles []Profile
}

// Profile is one class of workers, and what they get.
type Profile struct {
	Name              string
	Suffix            string
	HostedZoneID      string
	PoolTags          ec2tag.Selector
	InstanceTags      ec2tag.Selector
	Policy            dnspolicy.Policy
	PolicyText        string // as it was given, for people
	CoveredByWildcard bool
	ReverseNames      bool
	TTL               time.Duration
	CoolDown          time.Duration
	StopGrace         time.Duration
	Lease             time.Duration
	LateCalls         time.Duration
	ConfirmAfter      time.Duration
	KeepNames         bool
	RecordTags        []string
	BinderID          string
}

// defaultName is the name of the only profile where none is given.
const defaultName = "default"

// FromEnv reads the configuration with getenv, such as os.Getenv: from the file
// that EnvConfig names, or else from the other variables. A variable that is
// empty counts as not set. The error joins all that is wrong; each part is one
// line that names the variable, or the path of the field in the file, such as
// profiles[1].suffix, and says what it should be.
func FromEnv(getenv func(string) string) (Config, error) {
	shared, profiles, err := open(getenv)
	if err != nil {
		return Config{}, err
	}
	r := reader{getenv: getenv}
	c := r.tables(shared)
	c.Check = read(&r, shared, setting{"check", EnvCheck, "true", "true or false"}, one(strconv.ParseBool))
	for _, s := range profiles {
		c.Profiles = append(c.Profiles, r.profile(s))
	}
	for _, s := range append(profiles, shared) {
		r.errs = append(r.errs, s.unknown()...)
	}
	r.distinct(profiles, c.Profiles)
	return c, errors.Join(r.unique()...)
}

// TablesFromEnv is FromEnv for what works on the tables alone, however wrong
// the rest of the configuration is. Only the tables' names are set.
func TablesFromEnv(getenv func(string) string) (Config, error) {
	shared, _, err := open(getenv)
	if err != nil {
		return Config{}, err
	}
	r := reader{getenv: getenv}
	return r.tables(shared), errors.Join(r.errs...)
}

func (r *reader) tables(s scope) Config {
	return Config{
		RecordTable:  read(r, s, setting{"recordTable", EnvRecordTable, "record_table", "a table name"}, one(text)),
		BindingTable: read(r, s, setting{"bindingTable", EnvBindingTable, "binding_table", "a table name"}, one(text)),
	}
}

func (r *reader) profile(s scope) Profile {
	const yesNo = "true or false"
	p := Profile{
		Name:              read(r, s, setting{"name", "", s.presetName(), "a name for the profile, such as media"}, one(text)),
		Suffix:            read(r, s, setting{"suffix", EnvSuffix, "", "the domain for the workers' names, such as media.example.com"}, one(suffix)),
		HostedZoneID:      read(r, s, setting{"hostedZoneID", EnvHostedZoneID, "", "the ID of the public hosted zone that holds the suffix, such as Z0123456789ABCDEFGHIJ"}, one(zoneID)),
		PoolTags:          read(r, s, setting{"poolTags", EnvPoolTags, "", "tags of the Elastic IP addresses to use, such as Pool=byol,App=streaming"}, selector),
		InstanceTags:      read(r, s, setting{"instanceTags", EnvInstanceTags, "", "tags of the instances to serve, such as karpenter.sh/nodepool=media"}, selector),
		CoveredByWildcard: read(r, s, setting{"coveredByWildcard", EnvCoveredByWildcard, "false", yesNo}, one(strconv.ParseBool)),
		ReverseNames:      read(r, s, setting{"reverseNames", EnvReverseNames, "false", yesNo}, one(strconv.ParseBool)),
		TTL:               read(r, s, setting{"ttl", EnvTTL, "60s", "whole seconds, such as 60s"}, one(wholeSeconds)),
		CoolDown:          read(r, s, setting{"coolDown", EnvCoolDown, "2m", "a duration, such as 2m"}, one(duration)),
		StopGrace:         read(r, s, setting{"stopGrace", EnvStopGrace, "10m", "a duration, such as 10m"}, one(duration)),
		Lease:             read(r, s, setting{"lease", EnvLease, "1m", "a duration of at least a second, such as 1m"}, one(lease)),
		ConfirmAfter:      read(r, s, setting{"confirmAfter", EnvConfirmAfter, "5m", "a duration, such as 5m"}, one(duration)),
		KeepNames:         read(r, s, setting{"keepNames", EnvKeepNames, "false", yesNo}, one(strconv.ParseBool)),
		RecordTags:        read(r, s, setting{"recordTags", EnvRecordTags, " ", "keys of instance tags, such as Room,App"}, keys),
	}
	const signature = 5 * time.Minute // for which AWS accepts a signed request
	p.LateCalls = read(r, s, setting{"lateCalls", EnvLateCalls, (p.Lease + signature).String(), "a duration, such as 6m"}, one(duration))
	p.BinderID = read(r, s, setting{"binderID", EnvBinderID, binderID(p.Name), "a name for this deployment"}, one(text))
	r.policy(s, &p)
	return p
}

func binderID(profile string) string {
	if profile == defaultName || profile == "" {
		return "eipbinder"
	}
	return "eipbinder-" + profile
}
