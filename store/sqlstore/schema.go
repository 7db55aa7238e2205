package sqlstore

// migration is the statements that make a schema from the one before.
type migration []string

// migrations returns those from nothing to the present schema. A release that
// changes the schema adds one; those before stay as they are.
func migrations() []migration { return []migration{first()} }

// first makes the tables.
//
// All that is derived from a record the database derives, so that it cannot
// disagree with it. A deleted record's row stays, with the record NULL. The
// flag can be set only where schedule servers have seen the record with its
// present instance (shown), so that no server, whatever it executes, can set
// it before a record is Bound or once it is Free.
func first() migration {
	return migration{`
CREATE TABLE eipbinder_record (
	allocation_id     TEXT    NOT NULL PRIMARY KEY,
	version           BIGINT  NOT NULL,
	base_version      BIGINT  NOT NULL,
	record            JSON,
	allocated         BOOLEAN NOT NULL DEFAULT FALSE CHECK (allocated IN (FALSE, TRUE)),
	shown             BOOLEAN NOT NULL CHECK (shown IN (FALSE, TRUE)),
	phase             TEXT    GENERATED ALWAYS AS (record ->> 'phase') STORED,
	instance_id       TEXT    GENERATED ALWAYS AS (record ->> 'instanceId') STORED UNIQUE,
	name              TEXT    GENERATED ALWAYS AS (record ->> 'name') STORED UNIQUE,
	visible           BOOLEAN GENERATED ALWAYS AS (COALESCE((record ->> 'phase') = 'bound', FALSE) AND (record ->> 'draining') IS NULL) STORED,
	eip               TEXT    GENERATED ALWAYS AS (record ->> 'ip') STORED,
	dns_record        TEXT    GENERATED ALWAYS AS (rtrim(record ->> 'name', '.')) STORED,
	association_id    TEXT    GENERATED ALWAYS AS (record ->> 'associationId') STORED,
	availability_zone TEXT    GENERATED ALWAYS AS (record ->> 'availabilityZone') STORED,
	binder_id         TEXT    GENERATED ALWAYS AS (record ->> 'binderId') STORED,
	bound_at          TEXT    GENERATED ALWAYS AS (record ->> 'boundAt') STORED,
	tags              JSON    GENERATED ALWAYS AS (record -> 'tags') STORED,
	CHECK (shown OR NOT allocated)
)`, `
CREATE TABLE eipbinder_pause (
	id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
	reason TEXT    NOT NULL
)`}
}
