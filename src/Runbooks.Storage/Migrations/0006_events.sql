-- Events that wait for a run as runs wait for events; what started a run; and whether a run may start while others are open.

ALTER TABLE runbooks.runs ADD COLUMN IF NOT EXISTS trigger json NULL;
ALTER TABLE runbooks.runs ADD COLUMN IF NOT EXISTS activation text NOT NULL DEFAULT 'Always';

CREATE INDEX IF NOT EXISTS runs_open_by_correlation ON runbooks.runs (correlation_id)
    WHERE correlation_id IS NOT NULL AND status NOT IN ('Finished', 'Compensated', 'Cancelled', 'Faulted');

CREATE TABLE IF NOT EXISTS runbooks.events (
    id             text        NOT NULL PRIMARY KEY,
    -- Order of publishing: the oldest that fits is taken first.
    ordinal        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    key            text        NOT NULL,
    correlation_id text        NULL,
    -- Only this run may take it; null: any.
    run_id         uuid        NULL,
    payload        json        NULL,
    actor          text        NOT NULL,
    published_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- How many took it. 0: it waits. The row stays until it expires, so that the same event is known when it comes again.
    deliveries     integer     NOT NULL CHECK (deliveries >= 0),
    expires_at     timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS events_that_wait ON runbooks.events (key, ordinal) WHERE deliveries = 0;
CREATE INDEX IF NOT EXISTS events_by_expiry ON runbooks.events (expires_at);

-- Takes locks that end with the transaction, always in the same order, so that two transactions never wait for each other.
CREATE OR REPLACE FUNCTION runbooks.lock_in_order(names text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
BEGIN
    FOR number IN SELECT DISTINCT hashtextextended(name, 0) FROM unnest(names) AS name WHERE name IS NOT NULL ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock(number);
    END LOOP;
END $$;

-- Gives an event to every bookmark that waits for it and has been given nothing yet; returns their runs. The caller holds
-- the lock of the event's key.
CREATE OR REPLACE FUNCTION runbooks.deliver_event(event text) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH told AS (
        INSERT INTO runbooks.stimuli (run_id, id, kind, bookmark_id, input, actor, reason)
        SELECT b.run_id, 'event:' || b.id || ':' || e.id, 'Resume', b.id, e.payload, e.actor, NULL
        FROM runbooks.events e
        JOIN runbooks.bookmarks b ON b.key = e.key
        JOIN runbooks.runs r ON r.id = b.run_id
        WHERE e.id = event
          AND (e.run_id IS NULL OR e.run_id = b.run_id)
          AND (e.correlation_id IS NULL OR b.correlation_id IS NULL OR e.correlation_id = b.correlation_id)
          AND r.status NOT IN ('Finished', 'Compensated', 'Cancelled', 'Faulted')
          AND NOT EXISTS (SELECT FROM runbooks.stimuli s WHERE s.run_id = b.run_id AND s.bookmark_id = b.id AND s.kind = 'Resume' AND s.settled_at IS NULL)
        ON CONFLICT DO NOTHING
        RETURNING run_id),
    counted AS (
        UPDATE runbooks.events SET deliveries = deliveries + (SELECT count(*) FROM told) WHERE id = event)
    SELECT DISTINCT told.run_id FROM told;
END $$;

-- Publishes an event in one transaction: to the bookmarks that wait for it, else it is kept. "taken" says how many took it
-- already, by being started by it. The lock of its key keeps a commit from adding a bookmark at the same moment unseen.
CREATE OR REPLACE FUNCTION runbooks.publish_event(
    event text, event_key text, correlation text, run uuid, payload json, actor text, taken integer, keep_for interval, known_for interval,
    OUT is_new boolean, OUT woken uuid[], OUT is_kept boolean)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM runbooks.lock_in_order(ARRAY['event:' || event_key]);
    INSERT INTO runbooks.events (id, key, correlation_id, run_id, payload, actor, deliveries, expires_at)
    VALUES (event, event_key, correlation, run, payload, actor, taken, clock_timestamp() + keep_for)
    ON CONFLICT DO NOTHING;
    is_new := FOUND;
    woken := '{}';
    is_kept := false;
    IF NOT is_new THEN
        RETURN;
    END IF;

    woken := ARRAY(SELECT runbooks.deliver_event(event));
    IF taken > 0 OR cardinality(woken) > 0 THEN
        UPDATE runbooks.events SET expires_at = clock_timestamp() + known_for WHERE id = event;
    ELSIF keep_for <= interval '0' THEN
        DELETE FROM runbooks.events WHERE id = event;
    ELSE
        is_kept := true;
    END IF;
END $$;

-- An event that a run was given and did not use: it waits again, or goes to whoever waits for it now. The caller holds the
-- lock of its key.
CREATE OR REPLACE FUNCTION runbooks.return_event(event text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    others integer;
BEGIN
    UPDATE runbooks.events SET deliveries = deliveries - 1 WHERE id = event AND deliveries > 0 RETURNING deliveries INTO others;
    IF others = 0 THEN
        PERFORM runbooks.deliver_event(event);
    END IF;
END $$;

-- What a commit that adds bookmarks does with events: each new bookmark takes the oldest kept event that fits it, and what
-- the run did not use is given back.
CREATE OR REPLACE FUNCTION runbooks.settle_events(run uuid, added text[], returned text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    waiting record;
    kept record;
    event text;
BEGIN
    PERFORM runbooks.lock_in_order(ARRAY(
        SELECT 'event:' || b.key FROM runbooks.bookmarks b WHERE b.run_id = run AND b.id = ANY (added) AND b.key IS NOT NULL
        UNION SELECT 'event:' || e.key FROM runbooks.events e WHERE e.id = ANY (returned)));
    FOREACH event IN ARRAY returned LOOP
        PERFORM runbooks.return_event(event);
    END LOOP;
    FOR waiting IN
        SELECT b.id, b.key, b.correlation_id FROM runbooks.bookmarks b
        WHERE b.run_id = run AND b.id = ANY (added) AND b.key IS NOT NULL
          AND NOT EXISTS (SELECT FROM runbooks.stimuli s WHERE s.run_id = run AND s.bookmark_id = b.id AND s.kind = 'Resume' AND s.settled_at IS NULL)
        ORDER BY b.execution_number, b.id
    LOOP
        SELECT e.id, e.payload, e.actor INTO kept FROM runbooks.events e
        WHERE e.key = waiting.key AND e.deliveries = 0 AND e.expires_at > clock_timestamp()
          AND (e.run_id IS NULL OR e.run_id = run)
          AND (e.correlation_id IS NULL OR waiting.correlation_id IS NULL OR e.correlation_id = waiting.correlation_id)
        ORDER BY e.ordinal LIMIT 1 FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        INSERT INTO runbooks.stimuli (run_id, id, kind, bookmark_id, input, actor, reason)
        VALUES (run, 'event:' || waiting.id || ':' || kept.id, 'Resume', waiting.id, kept.payload, kept.actor, NULL)
        ON CONFLICT DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        UPDATE runbooks.events SET deliveries = 1 WHERE id = kept.id;
    END LOOP;
END $$;

-- What the last commit of a run does with events, before its inbox is settled: those that it was given and has not applied
-- are given back. The locks keep a publisher from giving it another one meanwhile.
CREATE OR REPLACE FUNCTION runbooks.release_events(run uuid, applied text[], returned text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    event text;
BEGIN
    PERFORM runbooks.lock_in_order(ARRAY(
        SELECT 'event:' || b.key FROM runbooks.bookmarks b WHERE b.run_id = run AND b.key IS NOT NULL
        UNION SELECT 'event:' || e.key FROM runbooks.events e WHERE e.id = ANY (returned)
        UNION SELECT 'event:' || e.key FROM runbooks.unused_events(run, applied) u JOIN runbooks.events e ON e.id = u));
    FOR event IN SELECT unnest(returned) UNION SELECT u FROM runbooks.unused_events(run, applied) u LOOP
        PERFORM runbooks.return_event(event);
    END LOOP;
END $$;

-- Ids of events in a run's inbox that no commit has applied.
CREATE OR REPLACE FUNCTION runbooks.unused_events(run uuid, applied text[]) RETURNS SETOF text LANGUAGE sql VOLATILE AS $$
    SELECT substr(s.id, length('event:' || s.bookmark_id || ':') + 1) FROM runbooks.stimuli s
    WHERE s.run_id = run AND s.settled_at IS NULL AND s.kind = 'Resume' AND starts_with(s.id, 'event:' || s.bookmark_id || ':') AND s.id <> ALL (applied)
$$;

-- The open run that keeps a new one from starting; null: it may start. Two starts at the same moment take turns here. A wish
-- whose run is there already is nobody's obstacle: it is answered with that run.
CREATE OR REPLACE FUNCTION runbooks.blocking_run(strategy text, new_run uuid, definition text, correlation text, wish text) RETURNS uuid
LANGUAGE plpgsql AS $$
BEGIN
    IF strategy = 'Always' OR (strategy = 'Correlation' AND correlation IS NULL) THEN
        RETURN NULL;
    END IF;

    PERFORM runbooks.lock_in_order(ARRAY[CASE strategy WHEN 'Correlation' THEN 'start:correlation:' || correlation ELSE 'start:runbook:' || definition END]);
    IF EXISTS (SELECT FROM runbooks.runs WHERE id = new_run OR idempotency_key = wish) THEN
        RETURN NULL;
    END IF;

    IF strategy = 'Correlation' THEN
        RETURN (SELECT id FROM runbooks.runs
                WHERE correlation_id = correlation AND status NOT IN ('Finished', 'Compensated', 'Cancelled', 'Faulted') ORDER BY ordinal LIMIT 1);
    END IF;

    RETURN (SELECT id FROM runbooks.runs
            WHERE definition_id = definition AND status NOT IN ('Finished', 'Compensated', 'Cancelled', 'Faulted')
              AND (strategy = 'Singleton' OR correlation_id IS NOT DISTINCT FROM correlation)
            ORDER BY ordinal LIMIT 1);
END $$;
