-- +goose Up
CREATE TABLE decisions (
    environment        TEXT    NOT NULL,
    id                 TEXT    NOT NULL,
    -- When it was evaluated, microseconds since 1970.
    at                 BIGINT  NOT NULL,
    -- What searches ask for; texts that are not known are empty.
    context            TEXT    NOT NULL,
    outcome            TEXT    NOT NULL,
    payment_state      TEXT    NOT NULL,
    customer_id        TEXT    NOT NULL,
    fingerprint        TEXT    NOT NULL,
    reference          TEXT    NOT NULL,
    device_ip          TEXT    NOT NULL,
    device_fingerprint TEXT    NOT NULL,
    session            TEXT    NOT NULL,
    -- A REVIEW without a resolution.
    undecided          BOOLEAN NOT NULL,
    -- An asynchronous backend is still to answer.
    waiting            BOOLEAN NOT NULL,
    client             TEXT    NOT NULL,
    idempotency_key    TEXT    NOT NULL,
    digest             TEXT    NOT NULL,
    assignee           TEXT    NOT NULL,
    -- Counts changes, so that of two at once one begins anew.
    revision           BIGINT  NOT NULL,
    body               BYTEA   NOT NULL,
    -- What retention takes away earlier; NULL when it is gone or never was.
    tree               BYTEA,
    payload            BYTEA,
    deferred           BYTEA,
    PRIMARY KEY (environment, id)
);
CREATE INDEX decisions_by_time ON decisions (environment, at);
CREATE INDEX decisions_by_customer ON decisions (environment, customer_id, at);
CREATE INDEX decisions_by_reference ON decisions (environment, reference, at);
CREATE INDEX decisions_by_fingerprint ON decisions (environment, fingerprint, at) WHERE fingerprint <> '';
CREATE INDEX decisions_by_ip ON decisions (environment, device_ip, at) WHERE device_ip <> '';
CREATE INDEX decisions_by_device ON decisions (environment, device_fingerprint, at) WHERE device_fingerprint <> '';
CREATE INDEX decisions_by_session ON decisions (environment, session, at) WHERE session <> '';
CREATE INDEX decisions_undecided ON decisions (environment, at) WHERE undecided;
CREATE INDEX decisions_waiting ON decisions (environment, at) WHERE waiting;

-- The rules that fired, live or shadow.
CREATE TABLE decision_rules (
    environment TEXT   NOT NULL,
    rule_id     TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    decision_id TEXT   NOT NULL,
    PRIMARY KEY (environment, decision_id, rule_id)
);
CREATE INDEX decision_rules_by_rule ON decision_rules (environment, rule_id, at);

CREATE TABLE idempotency_keys (
    environment TEXT   NOT NULL,
    client      TEXT   NOT NULL,
    key         TEXT   NOT NULL,
    decision_id TEXT   NOT NULL,
    digest      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (environment, client, key)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (environment, at);

CREATE TABLE lifecycle_events (
    environment   TEXT   NOT NULL,
    id            TEXT   NOT NULL,
    decision_id   TEXT   NOT NULL,
    -- NULL for an event without one.
    key           TEXT,
    occurred      BIGINT NOT NULL,
    body          BYTEA  NOT NULL,
    notifications BYTEA  NOT NULL,
    PRIMARY KEY (environment, id),
    UNIQUE (environment, key)
);
CREATE INDEX lifecycle_events_by_decision ON lifecycle_events (environment, decision_id);

-- How far retention has come, by environment.
CREATE TABLE retention_marks (
    environment TEXT   NOT NULL PRIMARY KEY,
    payloads    BIGINT NOT NULL
);

-- +goose Down
DROP TABLE retention_marks;
DROP TABLE lifecycle_events;
DROP TABLE idempotency_keys;
DROP TABLE decision_rules;
DROP TABLE decisions;
