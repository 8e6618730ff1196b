-- Steps and journal in one table per month, so that old history goes without stopping anybody; what a worker needs to go
-- on with a run is found without reading all that the run has ever done; and one function, the only way, forgets old runs.

-- The step whose Result getLastResult gives, without looking through all steps.
ALTER TABLE runbooks.runs ADD COLUMN IF NOT EXISTS last_result_number bigint NULL;
ALTER TABLE runbooks.runs ADD COLUMN IF NOT EXISTS last_result_order  bigint NULL;

-- A head is rewritten by every commit: with room in its page it stays there, and no index has to know.
ALTER TABLE runbooks.runs SET (fillfactor = 70);

CREATE INDEX IF NOT EXISTS runs_by_runbook ON runbooks.runs (definition_id, ordinal);
CREATE INDEX IF NOT EXISTS runs_by_end ON runbooks.runs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS stimuli_in_order ON runbooks.stimuli (ordinal) WHERE settled_at IS NULL;

-- Run ids hold their time of creation in front (UUIDv7), so a month of runs is a range of ids.
CREATE OR REPLACE FUNCTION runbooks.first_run_id(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-0000-0000-000000000000')::uuid
    FROM (SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS hex) milliseconds
$$;

-- Makes the tables of the months from one time to another, where they are missing; returns how many. A month whose rows
-- are already in the table for all others stays there: nothing is lost by that but the ease of dropping it.
CREATE OR REPLACE FUNCTION runbooks.ensure_months(since timestamptz, until timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '5s' AS $$
DECLARE
    month timestamptz := date_trunc('month', since, 'UTC');
    following timestamptz;
    whole text;
    part text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('runbooks:months', 0));
    WHILE month <= until LOOP
        following := (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
        FOREACH whole IN ARRAY ARRAY['executions', 'journal'] LOOP
            part := whole || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM');
            CONTINUE WHEN to_regclass('runbooks.' || part) IS NOT NULL;
            BEGIN
                -- Made beside the others and then attached: attaching does not keep anybody from writing.
                EXECUTE format('CREATE TABLE runbooks.%I (LIKE runbooks.%I INCLUDING ALL)', part, whole);
                EXECUTE format(
                    'ALTER TABLE runbooks.%I ATTACH PARTITION runbooks.%I FOR VALUES FROM (%L) TO (%L)',
                    whole, part, runbooks.first_run_id(month), runbooks.first_run_id(following));
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                RAISE NOTICE 'Rows of % are in the table for all other months already; they stay there.', part;
            END;
        END LOOP;
        month := following;
    END LOOP;
    RETURN made;
END $$;

-- For what is there already. A text with a NUL, as a broken host may print it, can't be taken apart; then the look of it decides.
CREATE OR REPLACE FUNCTION pg_temp.has_result(outputs json) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN (outputs -> 'Result') IS NOT NULL;
EXCEPTION WHEN untranslatable_character THEN
    RETURN outputs::text LIKE '%"Result":%';
END $$;

-- From one table to one per month; what is there moves along. The rows refer to their run without a foreign key: the fence
-- of a commit has locked that run already, and a check of every row would only repeat it.
DO $$
DECLARE
    whole text;
    oldest timestamptz;
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = 'runbooks.executions'::regclass) = 'p' THEN
        RETURN;
    END IF;

    FOREACH whole IN ARRAY ARRAY['executions', 'journal'] LOOP
        EXECUTE format('ALTER TABLE runbooks.%I RENAME TO %I', whole, whole || '_before');
        EXECUTE format('ALTER TABLE runbooks.%I RENAME CONSTRAINT %I TO %I', whole || '_before', whole || '_pkey', whole || '_before_pkey');
        EXECUTE format('CREATE TABLE runbooks.%I (LIKE runbooks.%I INCLUDING DEFAULTS) PARTITION BY RANGE (run_id)', whole, whole || '_before');
        EXECUTE format(
            'ALTER TABLE runbooks.%I ADD CONSTRAINT %I PRIMARY KEY (run_id, %I)',
            whole, whole || '_pkey', CASE whole WHEN 'executions' THEN 'number' ELSE 'sequence' END);
        EXECUTE format('CREATE TABLE runbooks.%I PARTITION OF runbooks.%I DEFAULT', whole || '_other', whole);
    END LOOP;

    SELECT coalesce(min(created_at), now()) INTO oldest FROM runbooks.runs;
    -- A clock that was wrong once must not make a table for each month since then.
    PERFORM runbooks.ensure_months(greatest(oldest, now() - interval '2 years'), now());
    INSERT INTO runbooks.executions SELECT * FROM runbooks.executions_before;
    INSERT INTO runbooks.journal SELECT * FROM runbooks.journal_before;
    DROP TABLE runbooks.executions_before;
    DROP TABLE runbooks.journal_before;

    UPDATE runbooks.runs r SET last_result_number = last.number, last_result_order = last.completion_order
    FROM (
        SELECT DISTINCT ON (run_id) run_id, number, completion_order FROM runbooks.executions
        WHERE completion_order IS NOT NULL AND pg_temp.has_result(outputs)
        ORDER BY run_id, completion_order DESC) last
    WHERE last.run_id = r.id;
END $$;

-- What a worker loads: steps that run, and of each activity the newest that completed.
CREATE INDEX IF NOT EXISTS executions_that_run ON runbooks.executions (run_id, number) WHERE status = 'Running';
CREATE INDEX IF NOT EXISTS executions_newest_completed ON runbooks.executions (run_id, node_id, completion_order DESC NULLS LAST) WHERE status = 'Completed';

-- Entries are only ever added. The one exception is the run that runbooks.forget_runs is forgetting at this moment.
CREATE OR REPLACE FUNCTION runbooks.refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('runbooks.forgetting', true) = OLD.run_id::text THEN
        RETURN OLD;
    END IF;

    RAISE EXCEPTION 'The journal is only ever added to; % of run % is refused.', TG_OP, OLD.run_id USING ERRCODE = 'RB002';
END $$;

DROP TRIGGER IF EXISTS journal_is_append_only ON runbooks.journal;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE ON runbooks.journal
    FOR EACH ROW EXECUTE FUNCTION runbooks.refuse_change_of_history();

-- True when the run, the runs above it and the runs below those have all ended.
CREATE OR REPLACE FUNCTION runbooks.family_has_ended(run uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    WITH RECURSIVE above AS (
        SELECT id, parent_run_id FROM runbooks.runs WHERE id = run
        UNION SELECT p.id, p.parent_run_id FROM above a JOIN runbooks.runs p ON p.id = a.parent_run_id),
    family AS (
        SELECT r.id, r.status FROM above a JOIN runbooks.runs r ON r.id = a.id
        UNION SELECT c.id, c.status FROM family f JOIN runbooks.runs c ON c.parent_run_id = f.id)
    SELECT NOT EXISTS (SELECT FROM family WHERE status NOT IN ('Finished', 'Compensated', 'Cancelled', 'Faulted'))
$$;

-- Forgets up to a number of runs that ended longer ago than keep_for, or that are not among the newest keep_runs of their
-- runbook; null keeps. Only runs whose whole family has ended. The only way to delete from the journal; returns how many.
CREATE OR REPLACE FUNCTION runbooks.forget_runs(keep_for interval, keep_runs bigint, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    old uuid;
    forgotten integer := 0;
BEGIN
    FOR old IN
        SELECT id FROM (
            SELECT id, finished_at FROM runbooks.runs
            WHERE finished_at < now() - keep_for AND status IN ('Finished', 'Compensated', 'Cancelled', 'Faulted')
            UNION
            SELECT r.id, r.finished_at
            FROM (SELECT DISTINCT definition_id FROM runbooks.runs) runbook
            CROSS JOIN LATERAL (
                SELECT ordinal FROM runbooks.runs WHERE definition_id = runbook.definition_id
                ORDER BY ordinal DESC OFFSET keep_runs LIMIT 1) newest_too_many
            JOIN runbooks.runs r ON r.definition_id = runbook.definition_id AND r.ordinal <= newest_too_many.ordinal
            WHERE keep_runs IS NOT NULL AND r.status IN ('Finished', 'Compensated', 'Cancelled', 'Faulted')) candidates
        WHERE runbooks.family_has_ended(id)
        ORDER BY finished_at
        LIMIT most
    LOOP
        -- A finished run can still be asked to undo what it did: one that was asked, or is being asked at this moment, stays.
        PERFORM FROM runbooks.runs r
        WHERE r.id = old AND r.status IN ('Finished', 'Compensated', 'Cancelled', 'Faulted') AND r.owner IS NULL
          AND NOT EXISTS (SELECT FROM runbooks.stimuli s WHERE s.run_id = r.id AND s.settled_at IS NULL)
        FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        PERFORM set_config('runbooks.forgetting', old::text, true);
        DELETE FROM runbooks.journal WHERE run_id = old;
        DELETE FROM runbooks.executions WHERE run_id = old;
        DELETE FROM runbooks.runs WHERE id = old;
        forgotten := forgotten + 1;
    END LOOP;
    PERFORM set_config('runbooks.forgetting', '', true);
    RETURN forgotten;
END $$;

-- Drops the tables of past months in which nothing is left; returns how many.
CREATE OR REPLACE FUNCTION runbooks.drop_empty_months() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '5s' AS $$
DECLARE
    part record;
    is_used boolean;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('runbooks:months', 0));
    FOR part IN
        SELECT c.relname AS name, to_timestamp(right(c.relname, 7) || ' +00', 'YYYY_MM TZH') AS month
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent IN ('runbooks.executions'::regclass, 'runbooks.journal'::regclass) AND c.relname ~ '_\d{4}_\d{2}$'
    LOOP
        CONTINUE WHEN part.month >= date_trunc('month', now() - interval '1 day', 'UTC');
        EXECUTE format('SELECT EXISTS (SELECT FROM runbooks.%I)', part.name) INTO is_used;
        CONTINUE WHEN is_used OR EXISTS (
            SELECT FROM runbooks.runs
            WHERE id >= runbooks.first_run_id(part.month)
              AND id < runbooks.first_run_id((part.month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'));
        EXECUTE format('DROP TABLE runbooks.%I', part.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
