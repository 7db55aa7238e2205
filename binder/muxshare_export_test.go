package binder

// NewShare returns what the second of two profiles sees of a Mux's fleet.
func NewShare(fleet Fleet, first, second Selector) Fleet {
	return share{&Mux{fleet: fleet, profiles: []profile{{instances: first}, {instances: second}}}, 1}
}
