-- Runbooks, runs, and everything that one commit of a run writes.
-- JSON is kept as it was written (json, not jsonb): nothing here is searched by its content, and jsonb would refuse
-- the \u0000 that a broken host may print.

CREATE TABLE IF NOT EXISTS runbooks.definitions (
    definition_id text        NOT NULL,
    version       integer     NOT NULL CHECK (version > 0),
    content_hash  text        NOT NULL,
    json          text        NOT NULL,
    source        text        NOT NULL,
    published_at  timestamptz NOT NULL,
    PRIMARY KEY (definition_id, version)
);

CREATE TABLE IF NOT EXISTS runbooks.runs (
    id                    uuid        NOT NULL PRIMARY KEY,
    -- Order of creation: the oldest is claimed first.
    ordinal               bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    definition_id         text        NOT NULL,
    definition_version    integer     NOT NULL,
    created_at            timestamptz NOT NULL,
    started_by            text        NOT NULL,
    -- One wish, one run: schedules and events rely on it, however often and by however many workers they are delivered.
    idempotency_key       text        NULL UNIQUE,
    correlation_id        text        NULL,
    parent_run_id         uuid        NULL,
    parent_bookmark_id    text        NULL,
    input                 json        NOT NULL,
    output                json        NOT NULL,
    variables             json        NOT NULL,
    status                text        NOT NULL CHECK (status IN ('Pending', 'Executing', 'Suspended', 'Compensating',
                                                      'Finished', 'Compensated', 'Cancelled', 'NeedsAttention', 'Faulted')),
    reason                text        NULL,
    compensates_to        text        NULL,
    next_execution_number bigint      NOT NULL,
    next_journal_sequence bigint      NOT NULL,
    next_completion_order bigint      NOT NULL,
    started_at            timestamptz NULL,
    finished_at           timestamptz NULL,
    -- The lease. The owner stays when the lease has expired and nobody has taken it; it is null once let go.
    owner                 text        NULL,
    generation            bigint      NOT NULL DEFAULT 0,
    lease_until           timestamptz NULL,
    CHECK ((owner IS NULL) = (lease_until IS NULL))
);

CREATE INDEX IF NOT EXISTS runs_that_may_go_on ON runbooks.runs (ordinal) WHERE status IN ('Pending', 'Executing', 'Compensating');
CREATE INDEX IF NOT EXISTS runs_by_owner ON runbooks.runs (owner) WHERE owner IS NOT NULL;
CREATE INDEX IF NOT EXISTS runs_newest_first ON runbooks.runs (created_at DESC, ordinal DESC);
CREATE INDEX IF NOT EXISTS runs_by_parent ON runbooks.runs (parent_run_id) WHERE parent_run_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS runs_open ON runbooks.runs (definition_id) WHERE status NOT IN ('Finished', 'Compensated', 'Cancelled', 'Faulted');

CREATE TABLE IF NOT EXISTS runbooks.executions (
    run_id           uuid        NOT NULL REFERENCES runbooks.runs (id) ON DELETE CASCADE,
    number           bigint      NOT NULL,
    parent_number    bigint      NULL,
    node_id          text        NOT NULL,
    activity_id      text        NOT NULL,
    activity_type    text        NOT NULL,
    activity_name    text        NOT NULL,
    status           text        NOT NULL,
    inputs           json        NOT NULL,
    outputs          json        NOT NULL,
    outcomes         text[]      NOT NULL,
    state            json        NOT NULL,
    variables        json        NOT NULL,
    effect           text        NOT NULL,
    attempt          integer     NOT NULL,
    undo             text        NOT NULL,
    undo_note        text        NULL,
    completion_order bigint      NULL,
    progress         json        NULL,
    error            text        NULL,
    started_at       timestamptz NOT NULL,
    completed_at     timestamptz NULL,
    worker           text        NULL,
    PRIMARY KEY (run_id, number)
);

CREATE TABLE IF NOT EXISTS runbooks.bookmarks (
    id               text        NOT NULL PRIMARY KEY,
    run_id           uuid        NOT NULL REFERENCES runbooks.runs (id) ON DELETE CASCADE,
    execution_number bigint      NOT NULL,
    name             text        NOT NULL,
    due_at           timestamptz NULL,
    payload          json        NULL
);

CREATE INDEX IF NOT EXISTS bookmarks_by_run ON runbooks.bookmarks (run_id);
CREATE INDEX IF NOT EXISTS bookmarks_by_due_time ON runbooks.bookmarks (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS runbooks.stimuli (
    run_id      uuid        NOT NULL REFERENCES runbooks.runs (id) ON DELETE CASCADE,
    id          text        NOT NULL,
    ordinal     bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind        text        NOT NULL,
    bookmark_id text        NULL,
    input       json        NULL,
    actor       text        NOT NULL,
    reason      text        NULL,
    -- Applied, or too late for its run. The row stays, so that the same stimulus is known when it comes again.
    settled_at  timestamptz NULL,
    PRIMARY KEY (run_id, id)
);

CREATE INDEX IF NOT EXISTS stimuli_that_wait ON runbooks.stimuli (run_id, ordinal) WHERE settled_at IS NULL;

CREATE TABLE IF NOT EXISTS runbooks.journal (
    run_id           uuid        NOT NULL REFERENCES runbooks.runs (id),
    sequence         bigint      NOT NULL,
    at               timestamptz NOT NULL,
    execution_number bigint      NULL,
    node_id          text        NULL,
    event            text        NOT NULL,
    message          text        NULL,
    payload          json        NULL,
    worker           text        NOT NULL,
    generation       bigint      NOT NULL,
    PRIMARY KEY (run_id, sequence)
);

CREATE TABLE IF NOT EXISTS runbooks.outbox (
    id           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type         text        NOT NULL,
    body         json        NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT now()
);

-- Entries are only ever added: a mistake in a statement, ours or an operator's, must not rewrite history.
CREATE OR REPLACE FUNCTION runbooks.refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The journal is only ever added to; % of run % is refused.', TG_OP, OLD.run_id USING ERRCODE = 'RB002';
END $$;

DROP TRIGGER IF EXISTS journal_is_append_only ON runbooks.journal;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE ON runbooks.journal
    FOR EACH ROW EXECUTE FUNCTION runbooks.refuse_change_of_history();

-- The fence of a commit. The first statement of a commit changes the head under its generation and hands the number of
-- rows to this function; an error here takes back the whole transaction, without a second round trip.
CREATE OR REPLACE FUNCTION runbooks.require_held(rows bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF rows <> 1 THEN
        RAISE EXCEPTION 'The claim is not the current one.' USING ERRCODE = 'RB001';
    END IF;
END $$;
