-- +goose Up
CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL,
    -- The address in lower case: two users never differ by case alone.
    email_key     TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created       BIGINT  NOT NULL,
    disabled      BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE grants (
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    environment TEXT NOT NULL,
    role        TEXT NOT NULL,
    PRIMARY KEY (user_id, environment)
);

CREATE TABLE logins (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created    BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);
CREATE INDEX logins_by_user ON logins (user_id);
CREATE INDEX logins_by_expiry ON logins (expires);

CREATE TABLE audit (
    id          TEXT   NOT NULL PRIMARY KEY,
    environment TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    actor       TEXT   NOT NULL,
    action      TEXT   NOT NULL,
    detail      TEXT   NOT NULL,
    address     TEXT   NOT NULL
);
CREATE INDEX audit_by_time ON audit (environment, at);

-- +goose Down
DROP TABLE audit;
DROP TABLE logins;
DROP TABLE grants;
DROP TABLE users;
