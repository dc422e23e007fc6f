-- +goose Up

-- Searches by outcome or context alone, and by both.
CREATE INDEX decisions_by_outcome ON decisions (environment, outcome, at);
CREATE INDEX decisions_by_context ON decisions (environment, context, at);

-- As in the settings database: what is to be sent, by whom it goes to.
CREATE INDEX deliveries_waiting ON deliveries (state, action, due, id);

-- +goose Down
DROP INDEX deliveries_waiting;
DROP INDEX decisions_by_context;
DROP INDEX decisions_by_outcome;
