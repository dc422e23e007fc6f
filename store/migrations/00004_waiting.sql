-- +goose Up

-- What is to be sent, by whom it goes to, so that a great many for one do not stand before those for another.
CREATE INDEX deliveries_waiting ON deliveries (state, action, due, id);

-- +goose Down
DROP INDEX deliveries_waiting;
