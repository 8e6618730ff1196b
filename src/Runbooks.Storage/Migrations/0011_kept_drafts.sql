-- When a draft was last kept for a run, so that what no run is on can be removed without taking it from a run that is about to start.
-- Additive: a program that does not know the column keeps drafts all the same; one that was kept before stays an hour longer.

ALTER TABLE runbooks.draft_revisions ADD COLUMN IF NOT EXISTS kept_at timestamptz NOT NULL DEFAULT now();
