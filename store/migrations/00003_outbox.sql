-- +goose Up
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
