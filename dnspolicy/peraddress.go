package dnspolicy

// PerAddress makes a Policy of an AddressPolicy. The result carries the
// address policy along, so that the binder knows by its type that the names
// are independent of the instance. An address policy that is a [Recorder], too,
// stays one.
func PerAddress(p AddressPolicy) PerAddressPolicy {
	recorder, _ := p.(Recorder)
	return PerAddressPolicy{AddressPolicy: p, Recorder: recorder}
}

// PerAddressPolicy is a Policy whose names depend on the address alone.
// [PerAddress] makes it.
type PerAddressPolicy struct {
	// AddressPolicy names the addresses. Required.
	AddressPolicy AddressPolicy
	// Recorder makes the record sets beside the A record. Unlike the names, these
	// may depend on the instance. Nil for none.
	Recorder Recorder
}

// Names returns the names of the subject's address.
func (p PerAddressPolicy) Names(s Subject) ([]string, error) { return p.AddressPolicy.Names(s.Address) }

// Validate returns what is wrong with the AddressPolicy or the Recorder.
func (p PerAddressPolicy) Validate(t Terms) error {
	if err := notNil(p.AddressPolicy == nil, "AddressPolicy"); err != nil {
		return err
	}
	if err := Validate(p.AddressPolicy, t); err != nil || p.Recorder == nil {
		return err
	}
	return Validate(p.Recorder, t)
}

// Common reports whether the name may be a common name of the Recorder's.
func (p PerAddressPolicy) Common(name string) bool { return isCommon(p.Recorder, name) }

// Records returns what the Recorder returns, and nothing if there is none.
func (p PerAddressPolicy) Records(s Subject, name string) ([]RRSet, error) {
	if p.Recorder == nil {
		return nil, nil
	}
	return p.Recorder.Records(s, name)
}
