-- Migrations of VMs that have ended: what was known and foretold before, and what was measured. What forecasts learn from.
-- Additive: a program that does not know the table forecasts without it.

CREATE TABLE IF NOT EXISTS runbooks.migration_records (
    run              text NOT NULL,
    vm               text NOT NULL,
    source           text NOT NULL,
    destination      text NOT NULL,
    ended_at         timestamptz NOT NULL,
    "case"           json NOT NULL,
    forecast         json,
    outcome          text NOT NULL,
    "time"           interval,
    downtime         interval,
    sent_mib         double precision,
    rounds           integer,
    first_round_mib  double precision,
    run_time         interval,
    PRIMARY KEY (run, vm)
);

CREATE INDEX IF NOT EXISTS migration_records_by_age ON runbooks.migration_records (ended_at);
