-- +goose Up

-- The last version of each ruleset's context and each interceptor's ref: a number is never used again, even when its version is deleted.
CREATE TABLE versions (
    environment TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    last        BIGINT NOT NULL,
    PRIMARY KEY (environment, kind, name)
);

CREATE TABLE rulesets (
    environment TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    context     TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    status      TEXT   NOT NULL,
    activated   BIGINT NOT NULL,
    body        BYTEA  NOT NULL,
    PRIMARY KEY (environment, id),
    UNIQUE (environment, context, version)
);
CREATE UNIQUE INDEX rulesets_active ON rulesets (environment, context) WHERE status = 'ACTIVE';

CREATE TABLE interceptors (
    environment TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    ref         TEXT   NOT NULL,
    context     TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    status      TEXT   NOT NULL,
    updated     BIGINT NOT NULL,
    body        BYTEA  NOT NULL,
    discovered  BYTEA  NOT NULL,
    PRIMARY KEY (environment, id),
    UNIQUE (environment, ref, version)
);
CREATE UNIQUE INDEX interceptors_active ON interceptors (environment, ref) WHERE status = 'ACTIVE';

CREATE TABLE list_values (
    environment TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    list        TEXT    NOT NULL,
    field_path  TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    hint        TEXT,
    -- NULL never expires.
    expires     BIGINT,
    source      TEXT,
    note        TEXT    NOT NULL,
    inserted    BIGINT  NOT NULL,
    updated     BIGINT  NOT NULL,
    manual      BOOLEAN NOT NULL,
    PRIMARY KEY (environment, id),
    UNIQUE (environment, list, field_path, value)
);
CREATE INDEX list_values_by_list ON list_values (environment, list, id);
CREATE INDEX list_values_expiring ON list_values (expires) WHERE expires IS NOT NULL;

-- +goose Down
DROP TABLE list_values;
DROP TABLE interceptors;
DROP TABLE rulesets;
DROP TABLE versions;
