package dynamostore_test

import (
	stdflag "flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

var (
	lifeSteps = stdflag.Int("dynamostore.steps", 400, "life with a legacy server: how many things happen")
	lifeSeed  = stdflag.Uint64("dynamostore.seed", 1, "life with a legacy server: the seed")
)

// life is a binder with both tables in DynamoDB, beside a schedule server that
// flips flags without conditions, and people who edit the tables by hand.
type life struct {
	tables
	random  *rand.Rand
	fleet   *memfleet.Fleet
	binder  *binder.Binder
	records *dynamostore.Store
	born    int
	alive   []string
	seen    [][2]string        // IP and name of rows, present and past
	flags   map[[2]string]bool // that the server set on a worker that it could see
	tally   map[string]int
}

func newLife(t *testing.T) *life {
	stores := newStores(parts.Dynoxide(t))
	l := &life{tables: tables{t, stores.client}, random: rand.New(rand.NewPCG(*lifeSeed, 1)), flags: map[[2]string]bool{}, tally: map[string]int{}}
	l.records = stores.with(t, stores.client)
	pool := mempool.New()
	for n := range 8 {
		pool.Add(eippool.Address{AllocationID: fmt.Sprintf("eipalloc-%d", n), IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(n)})})
	}
	zone, err := memzone.New("example.com.")
	if err != nil {
		t.Fatal(err)
	}
	l.fleet = memfleet.New(func(o *memfleet.Options) { o.Network, o.Tags = pool, map[string]string{"role": "media"} })
	l.binder, err = binder.New(binder.Backends{Fleet: l.fleet, Pool: pool, Policy: dnspolicy.InstanceID(), Zone: zone, Store: l.records},
		func(o *binder.Options) {
			o.Suffix, o.TTL, o.CoolDown, o.ConfirmAfter, o.LateCalls, o.StopGrace = "media.example.com", 0, 0, 0, 0, 0
		})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *life) happen() {
	all := []struct {
		name string
		do   func()
	}{
		{"launch", l.launch}, {"launch", l.launch}, {"terminate", l.terminate}, {"drain", l.drain}, {"sweep", l.sweep},
		{"flip", l.flip}, {"flip", l.flip}, {"flip", l.flip}, {"flip", l.flip},
		{"delete a row", l.deleteRow}, {"change a row", l.changeRow}, {"add a guard", l.addGuard},
	}
	one := all[l.random.IntN(len(all))]
	l.tally[one.name]++
	one.do()
}

// reconcile leaves failures to the sweeps.
func (l *life) reconcile(id string) {
	_, _ = l.binder.Reconcile(l.Context(), id)
	l.look()
}

// look remembers the rows that there are.
func (l *life) look() {
	for _, r := range l.bound() {
		if key := keyOf(r); !slices.Contains(l.seen, key) {
			l.seen = append(l.seen, key)
		}
	}
}

func keyOf(r store.Record) [2]string {
	return [2]string{r.IP.String(), strings.TrimSuffix(r.Name, ".")}
}

func (l *life) bound() []store.Record {
	var found []store.Record
	for r, err := range l.records.List(l.Context(), store.Filter{Phases: []store.Phase{store.Bound}}) {
		if err != nil {
			l.Fatal(err)
		}
		found = append(found, r)
	}
	return found
}

func (l *life) launch() {
	if len(l.alive) >= 10 {
		return
	}
	l.born++
	id := fmt.Sprintf("i-%03d", l.born)
	l.alive = append(l.alive, id)
	l.fleet.Launch(binder.Instance{ID: id, State: binder.Running, Tags: map[string]string{"role": "media"}})
	l.reconcile(id)
}

func (l *life) terminate() {
	if len(l.alive) == 0 {
		return
	}
	n := l.random.IntN(len(l.alive))
	id := l.alive[n]
	l.alive = slices.Delete(l.alive, n, n+1)
	l.fleet.SetState(id, binder.Terminated)
	if l.random.IntN(3) > 0 { // else the event is lost
		l.reconcile(id)
	}
}

// drain hides a worker or shows it again. What the server writes meanwhile
// counts, but nobody can say from outside which write came last.
func (l *life) drain() {
	if len(l.alive) == 0 {
		return
	}
	id := l.alive[l.random.IntN(len(l.alive))]
	order := l.binder.Drain
	if l.random.IntN(2) == 0 {
		order = l.binder.Undrain
	}
	if o, err := order(l.Context(), id); err == nil && o.IP.IsValid() {
		delete(l.flags, [2]string{o.IP.String(), strings.TrimSuffix(o.Name, ".")})
	}
	l.look()
}

func (l *life) sweep() {
	_, _ = l.binder.Sweep(l.Context(), func(o *binder.SweepOptions) { o.Force = true })
	l.look()
}

// flip is what a server does that knows no conditions, also to rows that are
// gone.
func (l *life) flip() {
	if len(l.seen) == 0 {
		return
	}
	key, value := l.seen[l.random.IntN(len(l.seen))], l.random.IntN(2) == 0
	delete(l.flags, key)
	for _, r := range l.bound() {
		if keyOf(r) == key && r.Visible() && l.get(records, rowKey(key[1], key[0])) != nil {
			l.flags[key] = value
		}
	}
	_, err := l.client.UpdateItem(l.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String(records), Key: rowKey(key[1], key[0]), UpdateExpression: aws.String("SET allocated = :a"),
		ExpressionAttributeValues: item{":a": flag(value)},
	})
	if err != nil {
		l.Fatal(err)
	}
}

func (l *life) deleteRow() {
	if len(l.seen) > 0 {
		key := l.seen[l.random.IntN(len(l.seen))]
		delete(l.flags, key)
		l.remove(records, rowKey(key[1], key[0]))
	}
}

func (l *life) changeRow() {
	for _, r := range l.bound() {
		key := rowKey(keyOf(r)[1], keyOf(r)[0])
		if row := l.get(records, key); row != nil && l.random.IntN(3) == 0 {
			l.put(records, itemOf(row).with(item{"AssociationId": str("eipassoc-wrong")}))
			return
		}
	}
}

func (l *life) addGuard() {
	l.put(bindings, guard(fmt.Sprintf("instance#i-never-%d", l.random.IntN(100)), "eipalloc-0"))
}

// judge lets three sweeps mend what can be, and then wants both tables to agree.
func (l *life) judge(step int) {
	for range 3 {
		l.sweep()
	}
	rows := l.rows()
	for _, r := range l.bound() {
		row, exists := rows[keyOf(r)]
		delete(rows, keyOf(r))
		switch want, known := l.flags[keyOf(r)]; {
		case !r.Visible() && exists:
			l.Errorf("step %d: %s is hidden, and has the row %v", step, r.InstanceID, row)
		case !r.Visible():
		case !exists:
			l.Errorf("step %d: %s has no row", step, r.InstanceID)
		case literal(row["InstanceId"]) != fmt.Sprintf("%q", r.InstanceID) || literal(row["AssociationId"]) != fmt.Sprintf("%q", r.AssociationID):
			l.Errorf("step %d: %+v has the row %v", step, r, row)
		case known && literal(row["allocated"]) != fmt.Sprint(want):
			l.Errorf("step %d: the server set %t for %s, and it is %s", step, want, r.InstanceID, literal(row["allocated"]))
		}
	}
	for key, row := range rows {
		l.Errorf("step %d: a row of nobody's is left: %v: %v", step, key, row)
	}
	report, err := l.binder.Sweep(l.Context(), func(o *binder.SweepOptions) { o.DryRun = true })
	if err != nil || len(report.Store) > 0 {
		l.Errorf("step %d: the audit still finds %+v, %v", step, report.Store, err)
	}
}

// rows returns the record table.
func (l *life) rows() map[[2]string]item {
	rows := map[[2]string]item{}
	pages := dynamodb.NewScanPaginator(l.client, &dynamodb.ScanInput{TableName: aws.String(records), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(l.Context())
		if err != nil {
			l.Fatal(err)
		}
		for _, row := range page.Items {
			rows[[2]string{value(row["EIP"]), value(row["DNS_Record"])}] = row
		}
	}
	return rows
}

// Whatever a server without conditions and people do to the tables, three
// sweeps make both agree, and a flag that the server set on a worker that it
// could see stays.
func TestLifeWithALegacyServer(t *testing.T) {
	l := newLife(t)
	began := time.Now()
	for step := range *lifeSteps {
		l.happen()
		if step%50 == 49 {
			l.judge(step)
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("seed %d: %v, %d workers, in %s", *lifeSeed, l.tally, l.born, time.Since(began).Round(time.Millisecond))
	if l.born < 20 || len(l.flags) == 0 {
		t.Errorf("too little happened: %d workers, %d flags", l.born, len(l.flags))
	}
}
