-- +goose Up

-- The customer's e-mail address in its normal form, empty where it is not known.
ALTER TABLE decisions ADD COLUMN email TEXT NOT NULL DEFAULT '';
UPDATE decisions SET email = COALESCE(json_extract(CAST(body AS TEXT), '$.values."$.customer.email"'), '') WHERE json_valid(CAST(body AS TEXT));
CREATE INDEX decisions_by_email ON decisions (environment, email, at) WHERE email <> '';

-- Entries of one path, and of one value wherever it stands.
CREATE INDEX list_values_by_path ON list_values (environment, list, field_path, id);
CREATE INDEX list_values_by_value ON list_values (environment, list, value, id);

-- +goose Down
DROP INDEX list_values_by_value;
DROP INDEX list_values_by_path;
DROP INDEX decisions_by_email;
ALTER TABLE decisions DROP COLUMN email;
