-- +goose Up
CREATE TABLE clients (
    environment TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    secret_hash TEXT    NOT NULL,
    body        BYTEA   NOT NULL,
    PRIMARY KEY (environment, id)
);

CREATE TABLE integrations (
    environment TEXT  NOT NULL,
    id          TEXT  NOT NULL,
    slug        TEXT  NOT NULL,
    body        BYTEA NOT NULL,
    adapter     BYTEA,
    sealed      BYTEA,
    PRIMARY KEY (environment, id),
    UNIQUE (environment, slug)
);

CREATE TABLE endpoints (
    environment TEXT  NOT NULL,
    id          TEXT  NOT NULL,
    body        BYTEA NOT NULL,
    sealed      BYTEA,
    PRIMARY KEY (environment, id)
);

-- The same table as in the settings database.
CREATE TABLE deliveries (
    id              TEXT   NOT NULL PRIMARY KEY,
    environment     TEXT   NOT NULL,
    action          TEXT   NOT NULL,
    idempotency_key TEXT   NOT NULL,
    body            BYTEA  NOT NULL,
    attempts        BIGINT NOT NULL,
    due             BIGINT NOT NULL,
    created         BIGINT NOT NULL,
    last_error      TEXT   NOT NULL,
    -- pending, delivered or dead
    state           TEXT   NOT NULL,
    settled         BIGINT NOT NULL DEFAULT 0,
    UNIQUE (environment, idempotency_key)
);
CREATE INDEX deliveries_due ON deliveries (state, due);
CREATE INDEX deliveries_settled ON deliveries (state, settled);

-- +goose Down
DROP TABLE deliveries;
DROP TABLE endpoints;
DROP TABLE integrations;
DROP TABLE clients;
