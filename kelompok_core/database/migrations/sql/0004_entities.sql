-- Members, posts and events as entities that are imported: where each row goes, and what its values rest on.

-- The organization a row's record belongs to; none where the record is one.
ALTER TABLE import_decisions ADD COLUMN organization_id uuid;
-- Rights beyond importing that some value rests on, asked for again when the import is applied.
ALTER TABLE imports ADD COLUMN needs text[] NOT NULL DEFAULT '{}';

CREATE INDEX source_records_organizations ON source_records (external_id)
  WHERE entity = 'organizations' AND external_id IS NOT NULL;

-- Two lists as one, the entries of the first before those of the second, each once whatever its case.
CREATE FUNCTION jsonb_list_union(a jsonb, b jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN b IS NULL THEN NULL ELSE (
    SELECT jsonb_agg(entry ORDER BY place) FROM (
      SELECT DISTINCT ON (lower(e.entry #>> '{}')) e.entry, e.place
      FROM jsonb_array_elements(coalesce(a, '[]') || b) WITH ORDINALITY AS e (entry, place)
      ORDER BY lower(e.entry #>> '{}'), e.place) once) END
$$;
REVOKE ALL ON FUNCTION jsonb_list_union(jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION jsonb_list_union(jsonb, jsonb) TO kelompok_runtime;

-- Counts of an import are known well enough from fewer rows.
ALTER FUNCTION refresh_import_statistics() SET default_statistics_target = 30;

-- A post's tags are a value of the post; post_tags has them one by one, for asking by tag, and follows.
ALTER TABLE posts ADD COLUMN tags jsonb CHECK (jsonb_typeof(tags) = 'array');
ALTER TABLE post_tags DROP CONSTRAINT post_tags_post_id_fkey;
ALTER TABLE post_tags ADD FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE;

CREATE FUNCTION follow_post_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM post_tags t USING new_rows n
    WHERE t.post_id = n.id AND NOT coalesce(n.tags, '[]') ? t.name;
  END IF;
  INSERT INTO post_tags (post_id, name, slug)
    SELECT n.id, e.name, coalesce(
      nullif(trim(BOTH '-' FROM regexp_replace(lower(e.name), '[^[:alnum:]]+', '-', 'g')), ''),
      'x-' || left(md5(e.name), 8))
    FROM new_rows n CROSS JOIN LATERAL jsonb_array_elements_text(n.tags) WITH ORDINALITY AS e (name, place)
    WHERE n.tags IS NOT NULL
    ORDER BY n.id, e.place
  ON CONFLICT (post_id, slug) DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER follow_tags_insert AFTER INSERT ON posts REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION follow_post_tags();
CREATE TRIGGER follow_tags_update AFTER UPDATE ON posts REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION follow_post_tags();

-- A post that is published was so at some time, whoever writes it.
CREATE FUNCTION date_publication() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.published_at := coalesce(NEW.published_at, now());
  RETURN NEW;
END
$$;
CREATE TRIGGER date_publication BEFORE INSERT OR UPDATE ON posts FOR EACH ROW
  WHEN (NEW.status = 'published' AND NEW.published_at IS NULL) EXECUTE FUNCTION date_publication();

ALTER TABLE events ADD COLUMN tags jsonb CHECK (jsonb_typeof(tags) = 'array');
