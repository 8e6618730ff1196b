-- Checks of a head whose cost was paid by every commit: PostgreSQL makes each check anew from its text for every statement
-- that writes a row, which was a tenth of what a step costs. The words of a status are those of one type of the program, by
-- which every row is written and read; owner and lease are only ever set together, in the four statements that claim and let go.
-- Additive: a program that does not know of it writes the same rows.

ALTER TABLE runbooks.runs DROP CONSTRAINT IF EXISTS runs_status_check;
ALTER TABLE runbooks.runs DROP CONSTRAINT IF EXISTS runs_check;
