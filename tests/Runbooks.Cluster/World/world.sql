-- The world of the tests: things, what was done to them, and a fence per run.
CREATE TABLE fences (run uuid PRIMARY KEY, generation bigint NOT NULL);
CREATE TABLE things (run uuid, step bigint, thing text NOT NULL, standing boolean NOT NULL, PRIMARY KEY (run, step));
CREATE TABLE effects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run uuid NOT NULL, step bigint NOT NULL, thing text NOT NULL, kind text NOT NULL,
    attempt integer NOT NULL, worker text NOT NULL, generation bigint NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(), ended_at timestamptz, ended bigint);
CREATE SEQUENCE ends;
CREATE TABLE refusals (run uuid, kind text, worker text, generation bigint, fence bigint, at timestamptz DEFAULT clock_timestamp());
-- Made while it stood already, or undone while it did not.
CREATE TABLE doubles (run uuid, step bigint, thing text, kind text, worker text, generation bigint);

CREATE FUNCTION world_passes(a_run uuid, a_generation bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE fence bigint;
BEGIN
    INSERT INTO fences AS f VALUES (a_run, a_generation)
    ON CONFLICT (run) DO UPDATE SET generation = greatest(f.generation, a_generation) RETURNING generation INTO fence;
    RETURN fence <= a_generation;
END $$;

CREATE FUNCTION world_begin(a_run uuid, a_step bigint, a_thing text, a_kind text, a_attempt integer, a_worker text, a_generation bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE number bigint;
BEGIN
    IF NOT world_passes(a_run, a_generation) THEN
        INSERT INTO refusals SELECT a_run, a_kind, a_worker, a_generation, generation FROM fences WHERE run = a_run;
        RETURN 0;
    END IF;
    INSERT INTO effects (run, step, thing, kind, attempt, worker, generation)
    VALUES (a_run, a_step, a_thing, a_kind, a_attempt, a_worker, a_generation) RETURNING id INTO number;
    RETURN number;
END $$;

CREATE FUNCTION world_end(an_effect bigint, a_generation bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE e effects;
DECLARE stood boolean;
BEGIN
    SELECT * INTO e FROM effects WHERE id = an_effect;
    IF NOT world_passes(e.run, a_generation) THEN
        INSERT INTO refusals SELECT e.run, e.kind, e.worker, a_generation, generation FROM fences WHERE run = e.run;
        RETURN false;
    END IF;
    SELECT standing INTO stood FROM things WHERE run = e.run AND step = e.step FOR UPDATE;
    IF coalesce(stood, false) = (e.kind = 'make') OR (e.kind = 'make' AND stood IS NOT NULL) THEN
        INSERT INTO doubles VALUES (e.run, e.step, e.thing, e.kind, e.worker, a_generation);
    END IF;
    INSERT INTO things VALUES (e.run, e.step, e.thing, e.kind = 'make') ON CONFLICT (run, step) DO UPDATE SET standing = excluded.standing;
    UPDATE effects SET ended_at = clock_timestamp(), ended = nextval('ends') WHERE id = an_effect;
    RETURN true;
END $$;

CREATE FUNCTION world_look(a_run uuid, a_step bigint, a_generation bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM world_passes(a_run, a_generation);
    RETURN (SELECT standing FROM things WHERE run = a_run AND step = a_step);
END $$;
