package ec2pool_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/eippool/pooltest"
	"github.com/eipbinder/eipbinder/pacing"
)

// paced is an account whose pool has one turn to associate every two minutes.
func paced(t *testing.T) account { return pacedAt(t, "AssociateAddress") }

func pacedAt(t *testing.T, action string) account {
	pacer, err := pacing.New(func(o *pacing.Options) {
		o.Limits[action] = pacing.Limit{Burst: 1, Refill: 1. / 120}
		o.Peak = 1e6
	})
	if err != nil {
		t.Fatal(err)
	}
	a := newAccount(t)
	a.pool = newPool(t, ec2.New(ec2.Options{
		Region:      a.sim.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  a.sim.HTTPClient(),
	}, func(o *ec2.Options) { o.Retryer = pacer.Retryer(o.Retryer) }), func(o *ec2pool.Options) { o.Turns = pacer })
	return a
}

func TestContractWithTurns(t *testing.T) {
	pooltest.Run(t, func(t *testing.T) pooltest.Fixture {
		a := paced(t)
		f := a.fixture()
		f.UseUpTurns = func() {
			if _, _, err := a.pool.Pace(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return f
	}, func(o *pooltest.Options) {
		o.Bubble = true
	})
}

func TestAssociateUnderPaceDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := paced(t)
		start := time.Now()
		for range 3 {
			turn, done, err := a.pool.Pace(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer done()
			id, target := a.address(true), a.launch(region+"a", "running")
			began := time.Now()
			if _, err := a.pool.Associate(turn, id, target); err != nil || time.Since(began) > time.Second {
				t.Errorf("Associate took %s, %v", time.Since(began), err)
			}
		}
		if took := time.Since(start).Truncate(10 * time.Second); took != 4*time.Minute {
			t.Errorf("three turns took %s, want four minutes", took)
		}
	})
}

func TestAssociateThatWouldWaitTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := paced(t)
		id, target := a.address(true), a.launch(region+"a", "running")
		if _, _, err := a.pool.Pace(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := a.pool.Associate(ctx, id, target)
		var late *eippool.LateError
		if !errors.As(err, &late) || !errors.Is(err, eippool.ErrThrottled) || late.RetryAfter.Round(time.Second) != 2*time.Minute || ctx.Err() != nil {
			t.Errorf("Associate = %v, want a LateError of two minutes at once", err)
		}
		if cause := new(pacing.LateError); !errors.As(err, &cause) {
			t.Errorf("the cause is lost: %v", err)
		}
		if n := a.sim.Calls()["AssociateAddress"]; n != 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

func TestDisassociateHasTurnsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := pacedAt(t, "DisassociateAddress")
		start := time.Now()
		for range 3 {
			id, target := a.address(true), a.launch(region+"a", "running")
			association, err := a.pool.Associate(t.Context(), id, target)
			if err != nil {
				t.Fatal(err)
			}
			turn, done, err := a.pool.PaceDisassociate(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer done()
			began := time.Now()
			if err := a.pool.Disassociate(turn, association); err != nil || time.Since(began) > time.Second {
				t.Errorf("Disassociate took %s, %v", time.Since(began), err)
			}
		}
		if took := time.Since(start).Truncate(10 * time.Second); took != 4*time.Minute {
			t.Errorf("three turns took %s, want four minutes", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, _, err := a.pool.PaceDisassociate(ctx)
		if late := (*eippool.LateError)(nil); !errors.As(err, &late) || ctx.Err() != nil {
			t.Errorf("a turn after the deadline: %v, want a LateError at once", err)
		}
	})
}

func TestPaceWithoutTurns(t *testing.T) {
	client := record(t)
	pool := newPool(t, client)
	for range 1000 {
		if turn, done, err := pool.Pace(t.Context()); err != nil || turn == nil || done == nil {
			t.Fatalf("Pace = %v, %v", turn, err)
		}
		if turn, done, err := pool.PaceDisassociate(t.Context()); err != nil || turn == nil || done == nil {
			t.Fatalf("PaceDisassociate = %v, %v", turn, err)
		}
	}
	client.sent()
}
