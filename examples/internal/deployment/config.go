package deployment

import (
	"errors"
	"strconv"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/ec2tag"
)

// Config is what a deployment is configured with. Settings says what the fields
// mean.
type Config struct {
	Store        Store
	RecordTable  string
	BindingTable string
	Check        bool
	Pace         Pace
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
	BlastRadius       int
	DNSWait           time.Duration
	Concurrency       int
	BinderID          string
}

// defaultName is the name of the only profile where none is given.
const defaultName = "default"

// FromEnv reads the configuration with getenv, such as os.Getenv: from the file
// that EnvConfig names, or else from the other variables. A variable that is
// empty counts as not set. The error joins all that is wrong; each part is one
// line that names the variable, or the path of the field in the file, such as
// profiles[1].suffix, and says what it should be. A program that has settings of
// its own in the file says how to read them.
func FromEnv(getenv func(string) string, own ...Section) (Config, error) {
	shared, profiles, err := open(getenv)
	if err != nil {
		return Config{}, err
	}
	r := newReader(getenv)
	c := r.store(shared)
	c.Check = read(r, shared, "check", one(strconv.ParseBool))
	c.Pace = r.pace(shared)
	for _, s := range profiles {
		c.Profiles = append(c.Profiles, r.profile(s))
	}
	if file, ok := shared.(*section); ok {
		r.errs = append(r.errs, file.programs(own)...)
	}
	for _, s := range append(profiles, shared) {
		r.errs = append(r.errs, s.unknown()...)
	}
	r.distinct(profiles, c.Profiles)
	return c, errors.Join(r.unique()...)
}

// StoreFromEnv is FromEnv for what works on the records alone, however wrong
// the rest of the configuration is. Only the store and its tables are set.
func StoreFromEnv(getenv func(string) string) (Config, error) {
	shared, _, err := open(getenv)
	if err != nil {
		return Config{}, err
	}
	r := newReader(getenv)
	return r.store(shared), errors.Join(r.errs...)
}

func (r *reader) profile(s scope) Profile {
	p := Profile{
		Name:              read(r, s, "name", one(text), s.presetName()),
		Suffix:            read(r, s, "suffix", one(suffix)),
		HostedZoneID:      read(r, s, "hostedZoneID", one(zoneID)),
		PoolTags:          read(r, s, "poolTags", selector),
		InstanceTags:      read(r, s, "instanceTags", selector),
		KeepNames:         read(r, s, "keepNames", one(strconv.ParseBool)),
		CoveredByWildcard: read(r, s, "coveredByWildcard", one(strconv.ParseBool)),
		ReverseNames:      read(r, s, "reverseNames", one(strconv.ParseBool)),
		TTL:               read(r, s, "ttl", one(wholeSeconds)),
		CoolDown:          read(r, s, "coolDown", one(duration)),
		StopGrace:         read(r, s, "stopGrace", one(duration)),
		RecordTags:        read(r, s, "recordTags", keys),
		BlastRadius:       read(r, s, "blastRadius", one(wholeFrom(0))),
		DNSWait:           read(r, s, "dnsWait", one(lease)),
		Concurrency:       read(r, s, "concurrency", one(wholeFrom(1))),
		Lease:             read(r, s, "lease", one(lease)),
		ConfirmAfter:      read(r, s, "confirmAfter", one(duration)),
	}
	const signature = 5 * time.Minute // for which AWS accepts a signed request
	p.LateCalls = read(r, s, "lateCalls", one(duration), (p.Lease + signature).String())
	p.BinderID = read(r, s, "binderID", one(text), binderID(p.Name))
	r.policy(s, &p)
	return p
}

func binderID(profile string) string {
	if profile == defaultName || profile == "" {
		return "eipbinder"
	}
	return "eipbinder-" + profile
}
