-- The id of the record that a row makes, if it makes one: drawn where rows are staged, ten thousand at once. Deciding
-- drew one for each, and a server without a random source of its own opens the system's for each.

ALTER TABLE import_rows ADD COLUMN new_record_id uuid;
