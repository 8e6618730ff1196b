-- What the engine keeps of a run besides its steps: a name, a pause, ways back over completed steps, open incidents; and
-- bookmarks that a stimulus finds by what it is about.

ALTER TABLE runbooks.runs ADD COLUMN IF NOT EXISTS name text NULL;
ALTER TABLE runbooks.runs ADD COLUMN IF NOT EXISTS paused_by text NULL;
ALTER TABLE runbooks.runs ADD COLUMN IF NOT EXISTS passes json NOT NULL DEFAULT '[]';
ALTER TABLE runbooks.runs ADD COLUMN IF NOT EXISTS incidents bigint[] NOT NULL DEFAULT '{}';

ALTER TABLE runbooks.runs DROP CONSTRAINT IF EXISTS runs_status_check;
ALTER TABLE runbooks.runs ADD CONSTRAINT runs_status_check CHECK (status IN (
    'Pending', 'Executing', 'Suspended', 'Paused', 'Compensating', 'Finished', 'Compensated', 'Cancelled', 'NeedsAttention', 'Faulted'));

ALTER TABLE runbooks.executions ADD COLUMN IF NOT EXISTS role text NOT NULL DEFAULT 'None';
ALTER TABLE runbooks.executions ADD COLUMN IF NOT EXISTS cancel_requested boolean NOT NULL DEFAULT false;

ALTER TABLE runbooks.bookmarks ADD COLUMN IF NOT EXISTS key text NULL;
ALTER TABLE runbooks.bookmarks ADD COLUMN IF NOT EXISTS correlation_id text NULL;

CREATE INDEX IF NOT EXISTS bookmarks_by_key ON runbooks.bookmarks (key) WHERE key IS NOT NULL;
