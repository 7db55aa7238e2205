package deployment

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/ec2tag"
)

// The environment variables that FromEnv reads.
const (
	// EnvSuffix is the domain under which workers get their names. Required.
	EnvSuffix = "EIPBINDER_SUFFIX"
	// EnvHostedZoneID is the public hosted zone that holds the suffix. Required.
	EnvHostedZoneID = "EIPBINDER_HOSTED_ZONE_ID"
	// EnvPoolTags selects the addresses, as text for ec2tag.Parse. Required.
	EnvPoolTags = "EIPBINDER_POOL_TAGS"
	// EnvInstanceTags selects the workers, likewise. Required.
	EnvInstanceTags = "EIPBINDER_INSTANCE_TAGS"
	// EnvRecordTable is the table that schedule servers read. Default "record_table".
	EnvRecordTable = "EIPBINDER_RECORD_TABLE"
	// EnvBindingTable is the binder's own table. Default "binding_table".
	EnvBindingTable = "EIPBINDER_BINDING_TABLE"
	// EnvPolicy is how workers are named: "dotted-ip" (the default), "dashed-ip"
	// or "instance-id".
	EnvPolicy = "EIPBINDER_POLICY"
	// EnvTTL is the TTL of the names. Default "60s".
	EnvTTL = "EIPBINDER_TTL"
	// EnvCoolDown is for how long a freed address is not reused. Default "2m".
	EnvCoolDown = "EIPBINDER_COOL_DOWN"
	// EnvStopGrace is for how long a stopped worker keeps its binding. Default "10m".
	EnvStopGrace = "EIPBINDER_STOP_GRACE"
	// EnvLease is for how long one worker may act on a record before another one
	// takes over. Default "1m"; at least a second.
	EnvLease = "EIPBINDER_LEASE"
	// EnvLateCalls is for how long after a lease was taken its calls may still take
	// effect. Default: the lease, and the five minutes of a signature. Less is
	// for tests only.
	EnvLateCalls = "EIPBINDER_LATE_CALLS"
	// EnvConfirmAfter is how far apart two observations must be that together prove
	// an absence. Default "5m".
	EnvConfirmAfter = "EIPBINDER_CONFIRM_AFTER"
	// EnvKeepNames leaves the names of freed addresses published. Default "false".
	EnvKeepNames = "EIPBINDER_KEEP_NAMES"
	// EnvRecordTags are the keys, separated by commas, of instance tags that
	// schedule servers see. Default none.
	EnvRecordTags = "EIPBINDER_RECORD_TAGS"
	// EnvBinderID names the deployment in its records. Default "eipbinder".
	EnvBinderID = "EIPBINDER_BINDER_ID"
	// EnvCheck says whether a Lambda function checks zone, tables and pool when it
	// starts. Default "true". It takes four calls, once for each cold start.
	EnvCheck = "EIPBINDER_CHECK"
)

// Config is what a deployment is configured with. The variables above say what
// the fields mean.
type Config struct {
	Suffix       string
	HostedZoneID string
	PoolTags     ec2tag.Selector
	InstanceTags ec2tag.Selector
	RecordTable  string
	BindingTable string
	Policy       dnspolicy.Policy
	TTL          time.Duration
	CoolDown     time.Duration
	StopGrace    time.Duration
	Lease        time.Duration
	LateCalls    time.Duration
	ConfirmAfter time.Duration
	KeepNames    bool
	RecordTags   []string
	BinderID     string
	Check        bool
}

// FromEnv reads the configuration with getenv, such as os.Getenv. A variable
// that is empty counts as not set. The error joins all that is wrong; each part
// names the variable and says what it should be.
func FromEnv(getenv func(string) string) (Config, error) {
	r := reader{getenv: getenv}
	c := Config{
		Suffix:       read(&r, EnvSuffix, "", "the domain for the workers' names, such as media.example.com", suffix),
		HostedZoneID: read(&r, EnvHostedZoneID, "", "the ID of the public hosted zone that holds "+EnvSuffix+", such as Z0123456789ABCDEFGHIJ", zoneID),
		PoolTags:     read(&r, EnvPoolTags, "", "tags of the Elastic IP addresses to use, such as Pool=byol,App=streaming", ec2tag.Parse),
		InstanceTags: read(&r, EnvInstanceTags, "", "tags of the instances to serve, such as karpenter.sh/nodepool=media", ec2tag.Parse),
		RecordTable:  read(&r, EnvRecordTable, "record_table", "a table name", text),
		BindingTable: read(&r, EnvBindingTable, "binding_table", "a table name", text),
		Policy:       read(&r, EnvPolicy, "dotted-ip", "one of dotted-ip, dashed-ip, instance-id", policy),
		TTL:          read(&r, EnvTTL, "60s", "whole seconds, such as 60s", wholeSeconds),
		CoolDown:     read(&r, EnvCoolDown, "2m", "a duration, such as 2m", duration),
		StopGrace:    read(&r, EnvStopGrace, "10m", "a duration, such as 10m", duration),
		Lease:        read(&r, EnvLease, "1m", "a duration of at least a second, such as 1m", lease),
		ConfirmAfter: read(&r, EnvConfirmAfter, "5m", "a duration, such as 5m", duration),
		KeepNames:    read(&r, EnvKeepNames, "false", "true or false", strconv.ParseBool),
		RecordTags:   keys(getenv(EnvRecordTags)),
		BinderID:     read(&r, EnvBinderID, "eipbinder", "a name for this deployment", text),
		Check:        read(&r, EnvCheck, "true", "true or false", strconv.ParseBool),
	}
	const signature = 5 * time.Minute // for which AWS accepts a signed request
	c.LateCalls = read(&r, EnvLateCalls, (c.Lease + signature).String(), "a duration, such as 6m", duration)
	_, perAddress := c.Policy.(dnspolicy.PerAddressPolicy)
	if c.KeepNames && c.Policy != nil && !perAddress {
		r.fail(EnvKeepNames, "only names of addresses can be kept", "false, or choose another "+EnvPolicy)
	}
	return c, errors.Join(r.errs...)
}

// reader reads variables and collects what is wrong with them.
type reader struct {
	getenv func(string) string
	errs   []error
}

func (r *reader) fail(variable, problem, fix string) {
	r.errs = append(r.errs, fmt.Errorf("%s: %s: set it to %s", variable, problem, fix))
}

// read parses the variable, or its default; without default it is required.
func read[T any](r *reader, variable, preset, fix string, parse func(string) (T, error)) T {
	text := strings.TrimSpace(r.getenv(variable))
	if text == "" {
		text = preset
	}
	if text == "" {
		r.fail(variable, "is not set", fix)
		return *new(T)
	}
	value, err := parse(text)
	if err != nil {
		r.fail(variable, err.Error(), fix)
	}
	return value
}

func text(s string) (string, error) { return s, nil }

func suffix(s string) (string, error) {
	return dnspolicy.CheckName(strings.TrimSuffix(s, ".") + ".")
}

func zoneID(s string) (string, error) {
	id := strings.TrimPrefix(s, "/hostedzone/")
	if id == "" || strings.ContainsAny(id, "/. ") {
		return "", fmt.Errorf("%q is not the ID of a hosted zone", s)
	}
	return id, nil
}

func policy(s string) (dnspolicy.Policy, error) {
	switch s {
	case "dotted-ip":
		return dnspolicy.PerAddress(dnspolicy.DottedIP()), nil
	case "dashed-ip":
		return dnspolicy.PerAddress(dnspolicy.DashedIP()), nil
	case "instance-id":
		return dnspolicy.InstanceID(), nil
	}
	return nil, fmt.Errorf("there is no policy %q", s)
}

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = fmt.Errorf("%s is negative", s)
	}
	return d, err
}

func lease(s string) (time.Duration, error) {
	d, err := duration(s)
	if err == nil && d < time.Second {
		err = fmt.Errorf("%s is shorter than a second", s)
	}
	return d, err
}

func wholeSeconds(s string) (time.Duration, error) {
	d, err := duration(s)
	if err == nil && d%time.Second != 0 {
		err = fmt.Errorf("%s is not a number of whole seconds", s)
	}
	return d, err
}

func keys(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' })
}
