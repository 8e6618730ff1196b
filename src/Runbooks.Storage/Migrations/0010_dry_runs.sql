-- Runs that change nothing.
-- Additive: a program that does not know the column can't load the definition of such a run, because it is written under a
-- version that no program has, and leaves it to others; and the function keeps its signature.

ALTER TABLE runbooks.runs ADD COLUMN IF NOT EXISTS is_dry_run boolean NOT NULL DEFAULT false;

-- As before, and a dry run stands in nobody's way: it reserves nothing. One that starts asks with 'Always'.
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
                WHERE correlation_id = correlation AND status NOT IN ('Finished', 'Compensated', 'Cancelled', 'Faulted') AND NOT is_dry_run
                ORDER BY ordinal LIMIT 1);
    END IF;

    RETURN (SELECT id FROM runbooks.runs
            WHERE definition_id = definition AND status NOT IN ('Finished', 'Compensated', 'Cancelled', 'Faulted') AND NOT is_dry_run
              AND (strategy = 'Singleton' OR correlation_id IS NOT DISTINCT FROM correlation)
            ORDER BY ordinal LIMIT 1);
END $$;
