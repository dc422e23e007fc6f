-- +goose Up
-- Who is dealt with, undone, spared and stopped: one snapshot for each environment.
CREATE TABLE mitigation_state (
    environment TEXT   NOT NULL PRIMARY KEY,
    body        BYTEA  NOT NULL,
    saved       BIGINT NOT NULL
);

-- +goose Down
DROP TABLE mitigation_state;
