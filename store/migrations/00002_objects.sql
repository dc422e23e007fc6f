-- +goose Up
CREATE TABLE objects (
    environment TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    status      TEXT   NOT NULL,
    body        BYTEA  NOT NULL,
    who         TEXT   NOT NULL,
    why         TEXT   NOT NULL,
    created     BIGINT NOT NULL,
    PRIMARY KEY (environment, kind, name, version)
);

-- Every change of status, so that a rollback says who and why.
CREATE TABLE object_changes (
    environment TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    status      TEXT   NOT NULL,
    who         TEXT   NOT NULL,
    why         TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (environment, kind, name, number)
);

CREATE TABLE settings (
    environment TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    value       TEXT   NOT NULL,
    changed     BIGINT NOT NULL,
    PRIMARY KEY (environment, name)
);

-- +goose Down
DROP TABLE settings;
DROP TABLE object_changes;
DROP TABLE objects;
