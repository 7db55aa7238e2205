package storm

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// What a judge counts.
const (
	// Displaced: an interface that held an address was given another one.
	Displaced = "instance given a second address"
	// Stolen: an address was taken from the interface that held it.
	Stolen = "address taken from its holder"
	// TwoRows: a second row for one instance.
	TwoRows = "instance with two rows"
	// FalseRow: a row was shown whose instance does not hold the address.
	FalseRow = "row without its address"
	// EarlyRow: a row was shown whose name is not published and in sync.
	EarlyRow = "row without its name"
)

// judge sees what becomes of the workers, from the simulator's side.
type judge struct {
	world *World
	want  int

	mu         sync.Mutex
	rows       map[string]row       // the visible ones, by address
	versions   map[string]int64     // of the rows seen last, by address
	usable     map[string]time.Time // by instance: since when, for the first time
	ended      map[string]bool      // instances whose termination has begun
	violations map[string]int
	all        chan struct{} // closed once as many are usable as are wanted
	atAll      counts        // what had been called by then
}

// row is what schedule servers see of one worker.
type row struct{ instanceID, allocationID, name string }

func newJudge(w *World, want int) *judge {
	return &judge{world: w, want: want, rows: map[string]row{}, versions: map[string]int64{}, usable: map[string]time.Time{},
		ended: map[string]bool{}, violations: map[string]int{}, all: make(chan struct{})}
}

// intercept looks at each AssociateAddress right before it has its effect.
func (j *judge) intercept(action string, r *http.Request) *awssim.Fault {
	if action != "AssociateAddress" {
		return nil
	}
	allocationID, target := r.PostForm.Get("AllocationId"), r.PostForm.Get("NetworkInterfaceId")
	a, _ := j.world.Sim.Address(allocationID)
	if a.NetworkInterfaceID == target {
		return nil // a repetition
	}
	switch held := j.world.Sim.HeldBy(target); {
	case a.AssociationID != "" && r.PostForm.Get("AllowReassociation") != "false":
		j.violated(Stolen)
	case a.AssociationID == "" && len(held) > 0:
		j.violated(Displaced)
	}
	return nil
}

func (j *judge) violated(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.violations[what]++
}

// show is told of each row that is written; the version orders those of one address.
func (j *judge) show(r row, version int64) {
	wrong := j.check(r)
	j.mu.Lock()
	defer j.mu.Unlock()
	if version < j.versions[r.allocationID] {
		return
	}
	j.versions[r.allocationID] = version
	if j.rows[r.allocationID] == r {
		return
	}
	for _, other := range j.rows {
		if other.instanceID == r.instanceID && other.allocationID != r.allocationID {
			j.violations[TwoRows]++
		}
	}
	j.rows[r.allocationID] = r
	switch {
	case j.ended[r.instanceID]: // what is found then is EC2's doing, too
	case wrong != "":
		j.violations[wrong]++
	default:
		j.became(r.instanceID)
	}
}

// end is told of instances before they are terminated.
func (j *judge) end(instanceIDs []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range instanceIDs {
		j.ended[id] = true
	}
}

// check says what is wrong with a row, empty if it is as it should be.
func (j *judge) check(r row) string {
	a, _ := j.world.Sim.Address(r.allocationID)
	if a.InstanceID != r.instanceID {
		return FalseRow
	}
	set, insyncAt, ok := j.world.Sim.Published(j.world.ZoneID, r.name, "A")
	if !ok || time.Now().Before(insyncAt) || !slices.Equal(set.Values, []string{a.IP.String()}) {
		return EarlyRow
	}
	return ""
}

// hide is told of each row that is removed.
func (j *judge) hide(allocationID string, version int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if version >= j.versions[allocationID] {
		j.versions[allocationID] = version
		delete(j.rows, allocationID)
	}
}

// associated is told by who has neither names nor rows that a worker is usable.
func (j *judge) associated(instanceID, allocationID string) {
	a, _ := j.world.Sim.Address(allocationID)
	j.mu.Lock()
	defer j.mu.Unlock()
	if a.InstanceID != instanceID {
		j.violations[FalseRow]++
		return
	}
	j.became(instanceID)
}

// became notes when a worker was usable first.
func (j *judge) became(instanceID string) {
	if _, already := j.usable[instanceID]; already {
		return
	}
	j.usable[instanceID] = time.Now()
	if len(j.usable) == j.want {
		j.atAll = j.world.counts()
		close(j.all)
	}
}

// Leftovers are what nobody should find at the end of a run.
type Leftovers struct {
	// Rows are visible rows whose instance does not hold the address.
	Rows int `json:"rows"`
	// Names are A records of no address that is held or of the pool's own names.
	Names int `json:"names"`
	// Addresses are free ones that carry a tag which says that they are not.
	Addresses int `json:"addresses"`
}

// leftovers looks for what is left behind. Names that belong to addresses are
// not left behind when nobody holds the address.
func (j *judge) leftovers(perAddress bool) Leftovers {
	var l Leftovers
	held := map[string]bool{} // by IP
	for _, a := range j.world.Sim.Addresses() {
		held[a.IP.String()] = a.AssociationID != ""
		if a.AssociationID == "" && a.Tags["status"] == "associated" {
			l.Addresses++
		}
	}
	for _, set := range j.world.Sim.RecordSets(j.world.ZoneID) {
		if set.Type == "A" && !perAddress && !held[set.Values[0]] {
			l.Names++
		}
	}
	j.mu.Lock()
	rows := slices.Collect(maps.Values(j.rows))
	j.mu.Unlock()
	for _, r := range rows {
		if a, _ := j.world.Sim.Address(r.allocationID); a.InstanceID != r.instanceID {
			l.Rows++
		}
	}
	return l
}
