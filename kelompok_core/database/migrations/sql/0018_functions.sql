-- A temporary table hides a table of the same name: PostgreSQL searches pg_temp first unless the search path lists it
-- last. So each function has its own search_path, or is an SQL-standard function (RETURN, BEGIN ATOMIC), whose names were
-- resolved when it was created. Those can still be inlined into queries that call them per row.

CREATE OR REPLACE FUNCTION jsonb_later_wins(state jsonb, incoming jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN coalesce(state, '{}') || coalesce(incoming, '{}');
CREATE OR REPLACE FUNCTION jsonb_earlier_wins(state jsonb, incoming jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN coalesce(incoming, '{}') || coalesce(state, '{}');
CREATE OR REPLACE FUNCTION jsonb_list_union(a jsonb, b jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN b IS NULL THEN NULL ELSE (
    SELECT jsonb_agg(entry ORDER BY place) FROM (
      SELECT DISTINCT ON (lower(e.entry #>> '{}')) e.entry, e.place
      FROM jsonb_array_elements(coalesce(a, '[]') || b) WITH ORDINALITY AS e (entry, place)
      ORDER BY lower(e.entry #>> '{}'), e.place) once) END;
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'CREATE OR REPLACE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE RETURN uuidv7()';
  ELSE
    EXECUTE $f$
      CREATE OR REPLACE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
        RETURN encode(
          set_byte(
            overlay(uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6),
            6, 112 + (get_byte(uuid_send(gen_random_uuid()), 6) & 15)),
          'hex')::uuid
    $f$;
  END IF;
END
$$;

-- All other functions: without this, a trigger runs with the writer's search_path.
DO $$
DECLARE
  unbound record;
BEGIN
  FOR unbound IN
    SELECT p.oid::regprocedure AS signature FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p') AND p.prosqlbody IS NULL
      AND pg_has_role(current_user, p.proowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public, pg_temp', unbound.signature);
  END LOOP;
END
$$;

-- Nobody may call a new function without an explicit grant; existing functions lose EXECUTE for PUBLIC, too.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION worker_lives(uuid), refresh_sdgs(uuid[]) TO kelompok_runtime;
