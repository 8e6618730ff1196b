-- Workers report themselves, and what their program can't run; and each definition says which product it came with.
-- Additive: a program that does not know the table does not report itself, and one that does not know the column leaves it empty.

CREATE TABLE IF NOT EXISTS runbooks.workers (
    name         text        NOT NULL PRIMARY KEY,
    product      text        NOT NULL,
    -- Since when it has reported itself without a long gap.
    steady_since timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    -- 'definition@version'
    cannot_run   text[]      NOT NULL
);

ALTER TABLE runbooks.definitions ADD COLUMN IF NOT EXISTS product integer[] NULL;
