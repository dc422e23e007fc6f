-- One row: the version of this schema and the position in the log up to which everything is here.
CREATE TABLE progress (
	schema_version INTEGER NOT NULL,
	position UBIGINT NOT NULL
);

-- One row a record. The record column is the whole record as JSON.
CREATE TABLE events (
	position UBIGINT NOT NULL,
	environment VARCHAR NOT NULL,
	event VARCHAR NOT NULL,
	session VARCHAR NOT NULL,
	journey VARCHAR NOT NULL,
	happened TIMESTAMP NOT NULL,
	number BIGINT NOT NULL,
	name VARCHAR NOT NULL,
	type VARCHAR NOT NULL,
	result VARCHAR NOT NULL,
	spec VARCHAR NOT NULL,
	rating UTINYINT NOT NULL,
	score BIGINT NOT NULL,
	record VARCHAR NOT NULL
);

-- One row for each element of each event that has a value.
CREATE TABLE elements (
	position UBIGINT NOT NULL,
	environment VARCHAR NOT NULL,
	session VARCHAR NOT NULL,
	happened TIMESTAMP NOT NULL,
	name VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	value VARCHAR NOT NULL,
	display VARCHAR NOT NULL
);

-- One row for each label or signature an event placed. The label column is the whole label as JSON.
CREATE TABLE labels (
	position UBIGINT NOT NULL,
	environment VARCHAR NOT NULL,
	event VARCHAR NOT NULL,
	session VARCHAR NOT NULL,
	happened TIMESTAMP NOT NULL,
	name VARCHAR NOT NULL,
	severity VARCHAR NOT NULL,
	rule VARCHAR NOT NULL,
	signature BOOLEAN NOT NULL,
	shadow BOOLEAN NOT NULL,
	points BIGINT NOT NULL,
	family VARCHAR NOT NULL,
	label VARCHAR NOT NULL
);

-- One row for each action asked for or carried out. What a policy asked for and what was done about it are one row.
CREATE TABLE actions (
	position UBIGINT NOT NULL,
	environment VARCHAR NOT NULL,
	event VARCHAR NOT NULL,
	session VARCHAR NOT NULL,
	happened TIMESTAMP NOT NULL,
	name VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	because VARCHAR NOT NULL,
	shadow BOOLEAN NOT NULL,
	outcome VARCHAR NOT NULL,
	policy VARCHAR DEFAULT '',
	detail VARCHAR DEFAULT ''
);

-- One row a session, brought up to date with each batch. It has no key on purpose: one writer keeps it unique, and
-- an index would have to fit in memory.
CREATE TABLE sessions (
	environment VARCHAR NOT NULL,
	session VARCHAR NOT NULL,
	journey VARCHAR NOT NULL,
	opened TIMESTAMP NOT NULL,
	last_seen TIMESTAMP NOT NULL,
	rating UTINYINT NOT NULL,
	score BIGINT NOT NULL,
	events BIGINT NOT NULL,
	labels BIGINT NOT NULL,
	country VARCHAR NOT NULL,
	city VARCHAR NOT NULL,
	address VARCHAR NOT NULL,
	address_order VARCHAR NOT NULL
);

INSERT INTO progress VALUES (2, 0);
