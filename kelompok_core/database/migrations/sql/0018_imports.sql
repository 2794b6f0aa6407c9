-- An import keeps its identity, moves through its states in one direction, and audits each step.

CREATE FUNCTION guard_import() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  was jsonb := to_jsonb(OLD);
  -- Columns about the work on it. Columns not listed here or below never change: a new column is immutable until listed.
  free text[] := ARRAY['state', 'updated_at', 'run_id', 'failure', 'failure_code', 'failure_hint', 'failure_trace',
                       'durations', 'queued_at', 'leased_by', 'fence', 'attempts'];
  touched text[];
BEGIN
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
      ('received', 'staging'), ('received', 'staged'), ('received', 'failed'), ('received', 'cancelled'),
      ('staging', 'staged'), ('staging', 'failed'), ('staging', 'cancelled'),
      ('staged', 'planned'), ('staged', 'cancelled'),
      ('planned', 'applied'), ('planned', 'cancelled'), ('applied', 'undone')) THEN
    RAISE EXCEPTION 'import % refused: what is % cannot become %', OLD.id, OLD.state, NEW.state
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF OLD.state IN ('received', 'staging') THEN
    free := free || ARRAY['rows_staged', 'blank_lines', 'header', 'mapping', 'reading_sha256', 'read_as', 'issues',
                          'needs', 'pass_sha256'];
  ELSIF OLD.state IN ('staged', 'planned') AND NEW.state IN ('planned', 'applied') THEN
    free := free || ARRAY['plan_revision', 'plan_snapshot', 'plan_epoch', 'planned_at', 'rows_read', 'accepted',
                          'merged', 'unchanged', 'rejected', 'review'];
  END IF;
  free := free || CASE
    WHEN NEW.state = OLD.state THEN CASE WHEN OLD.state = 'planned' THEN ARRAY['approved_by', 'approved_key_id'] END
    WHEN NEW.state = 'applied' THEN ARRAY['applied_at']
    WHEN NEW.state = 'undone' THEN ARRAY['undone_at', 'undone_by']
    WHEN NEW.state = 'cancelled' THEN ARRAY['cancelled_by'] END;
  touched := ARRAY(SELECT n.key FROM jsonb_each(to_jsonb(NEW)) n WHERE n.value IS DISTINCT FROM was->n.key);
  IF NOT touched <@ free THEN
    RAISE EXCEPTION 'import % refused: % cannot change while it is %', OLD.id,
      array_to_string(ARRAY(SELECT unnest(touched) EXCEPT SELECT unnest(free) ORDER BY 1), ', '), OLD.state
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;
-- Triggers run in the order of their names: this one runs before the check of the counts.
CREATE TRIGGER as_opened BEFORE UPDATE ON imports FOR EACH ROW EXECUTE FUNCTION guard_import();

-- A new import has no work done yet: its counts and who released it are set later.
CREATE FUNCTION guard_new_import() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.state <> 'received' OR NEW.rows_staged <> 0 OR NEW.plan_revision <> 0
     OR num_nonnulls(NEW.rows_read, NEW.accepted, NEW.merged, NEW.unchanged, NEW.rejected, NEW.review, NEW.approved_by,
                     NEW.approved_key_id, NEW.cancelled_by, NEW.undone_by, NEW.planned_at, NEW.applied_at,
                     NEW.undone_at, NEW.pass_sha256, NEW.plan_snapshot, NEW.plan_epoch) > 0 THEN
    RAISE EXCEPTION 'import refused: it begins as received, with nothing done'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER as_opened_first BEFORE INSERT ON imports FOR EACH ROW EXECUTE FUNCTION guard_new_import();

-- Check the counts whenever they change, not only with the state.
DROP TRIGGER check_counts ON imports;
CREATE TRIGGER check_counts BEFORE UPDATE ON imports FOR EACH ROW
  WHEN (NEW.state IN ('planned', 'applied')
        AND (OLD.state, OLD.plan_revision, OLD.rows_read, OLD.accepted, OLD.merged, OLD.unchanged, OLD.rejected,
             OLD.review)
            IS DISTINCT FROM
            (NEW.state, NEW.plan_revision, NEW.rows_read, NEW.accepted, NEW.merged, NEW.unchanged, NEW.rejected,
             NEW.review))
  EXECUTE FUNCTION check_counts();

-- What the audit keeps of an import: its owner, its state and its counts. Nothing from the file.
CREATE FUNCTION import_image(i imports) RETURNS jsonb LANGUAGE sql STABLE
  RETURN jsonb_build_object(
    'state', i.state, 'mode', i.mode, 'entity', i.entity, 'plugin', i.plugin, 'plugin_version', i.plugin_version,
    'job', i.job, 'file_sha256', encode(i.file_sha256, 'hex'), 'actor_id', i.actor_id, 'key_id', i.key_id,
    'organization_id', i.organization_id, 'approved_by', i.approved_by, 'approved_key_id', i.approved_key_id,
    'cancelled_by', i.cancelled_by, 'undone_by', i.undone_by, 'rows_staged', i.rows_staged,
    'plan_revision', i.plan_revision, 'rows_read', i.rows_read, 'accepted', i.accepted, 'merged', i.merged,
    'unchanged', i.unchanged, 'rejected', i.rejected, 'review', i.review);

-- One entry per step. The import is the changed record, not the cause of the change: import_id stays empty.
CREATE FUNCTION audit_import() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  actor text := nullif(current_setting('kelompok.actor', true), '');
  origin text := nullif(current_setting('kelompok.origin', true), '');
  earlier jsonb := CASE WHEN TG_OP = 'UPDATE' THEN public.import_image(OLD) END;
BEGIN
  IF actor IS NULL OR origin IS NULL THEN
    RAISE EXCEPTION 'unaudited write to % refused: the transaction names no actor and origin', TG_TABLE_NAME
      USING ERRCODE = 'insufficient_privilege',
            HINT = 'Write through the services, or set kelompok.actor and kelompok.origin for the transaction.';
  END IF;
  INSERT INTO public.audit_logs (action, entity, record_id, actor, origin, plugin, request_id, before, after)
  VALUES (CASE WHEN TG_OP = 'INSERT' THEN 'create' ELSE 'update' END, TG_TABLE_NAME, NEW.id, actor, origin,
          nullif(current_setting('kelompok.plugin', true), ''), nullif(current_setting('kelompok.request', true), ''),
          earlier, public.import_image(NEW));
  RETURN NULL;
END
$$;
CREATE TRIGGER audit_opened AFTER INSERT ON imports FOR EACH ROW EXECUTE FUNCTION audit_import();
CREATE TRIGGER audit_step AFTER UPDATE ON imports FOR EACH ROW
  WHEN ((OLD.state, OLD.approved_by, OLD.approved_key_id, OLD.plan_revision, OLD.rows_read, OLD.accepted, OLD.merged,
         OLD.unchanged, OLD.rejected, OLD.review)
        IS DISTINCT FROM
        (NEW.state, NEW.approved_by, NEW.approved_key_id, NEW.plan_revision, NEW.rows_read, NEW.accepted, NEW.merged,
         NEW.unchanged, NEW.rejected, NEW.review))
  EXECUTE FUNCTION audit_import();
