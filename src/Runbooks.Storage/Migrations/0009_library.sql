-- Runbooks as people edit them: drafts, what was retracted and deleted, who published what and why, and what was shipped.
-- Additive: a program that does not know them publishes files and starts the highest version, as it always did; what was
-- retracted or deleted here is still started by it until it is upgraded.

-- What stood in definitions before came from files.
ALTER TABLE runbooks.definitions ADD COLUMN IF NOT EXISTS is_shipped boolean NOT NULL DEFAULT true;
ALTER TABLE runbooks.definitions ADD COLUMN IF NOT EXISTS published_by text NULL;
ALTER TABLE runbooks.definitions ADD COLUMN IF NOT EXISTS reason text NULL;
ALTER TABLE runbooks.definitions ADD COLUMN IF NOT EXISTS revision bigint NOT NULL DEFAULT 0;

-- One row for each runbook that a person has touched, or that has had more than one version.
CREATE TABLE IF NOT EXISTS runbooks.library (
    definition_id text    NOT NULL PRIMARY KEY,
    revision      bigint  NOT NULL DEFAULT 0,
    is_retracted  boolean NOT NULL DEFAULT false,
    is_deleted    boolean NOT NULL DEFAULT false
);

CREATE TABLE IF NOT EXISTS runbooks.drafts (
    definition_id text        NOT NULL PRIMARY KEY,
    json          text        NOT NULL,
    revision      bigint      NOT NULL,
    created_at    timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL,
    changed_by    text        NOT NULL,
    reason        text        NULL
);

-- Drafts as they were when runs were started on them.
CREATE TABLE IF NOT EXISTS runbooks.draft_revisions (
    definition_id text        NOT NULL,
    revision      bigint      NOT NULL,
    content_hash  text        NOT NULL,
    json          text        NOT NULL,
    changed_by    text        NOT NULL,
    changed_at    timestamptz NOT NULL,
    PRIMARY KEY (definition_id, revision)
);

-- The newest definition of each runbook that came from a file, published or not.
CREATE TABLE IF NOT EXISTS runbooks.shipped (
    definition_id text      NOT NULL PRIMARY KEY,
    content_hash  text      NOT NULL,
    json          text      NOT NULL,
    source        text      NOT NULL,
    product       integer[] NOT NULL
);

CREATE TABLE IF NOT EXISTS runbooks.library_history (
    ordinal       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    definition_id text        NOT NULL,
    version       integer     NOT NULL,
    at            timestamptz NOT NULL,
    verb          text        NOT NULL,
    actor         text        NOT NULL,
    reason        text        NULL,
    content_hash  text        NULL
);

CREATE INDEX IF NOT EXISTS library_history_by_runbook ON runbooks.library_history (definition_id, ordinal);

-- Publishing is like deploying code: what was done stays on record.
CREATE OR REPLACE FUNCTION runbooks.library_history_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The history of runbooks is only ever added to.' USING ERRCODE = 'RB002';
END $$;

CREATE OR REPLACE TRIGGER library_history_is_only_added_to BEFORE UPDATE OR DELETE ON runbooks.library_history
    FOR EACH ROW EXECUTE FUNCTION runbooks.library_history_is_only_added_to();
