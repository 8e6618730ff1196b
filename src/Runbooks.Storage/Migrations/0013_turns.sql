-- Which VMs are being migrated, which wait for it, and what they need of the links: what limits and shares of bandwidth rest on.
-- Additive: a program that does not know the table migrates without limits, as it did.

CREATE TABLE IF NOT EXISTS runbooks.migration_turns (
    -- One VM, one turn. Its run holds the VM's reservation.
    vm          text             NOT NULL PRIMARY KEY,
    holder      text             NOT NULL,
    source      text             NOT NULL,
    destination text             NOT NULL,
    pool        text             NOT NULL,
    -- Links on the way, in the order of the way: what each is called, and what it carries.
    links       text[]           NOT NULL,
    links_mibs  double precision[] NOT NULL,
    dirty_mibs  double precision NULL,
    most_mibs   double precision NULL,
    place       integer          NOT NULL,
    -- By this database's clock, as all times here.
    asked_at    timestamptz      NOT NULL,
    seen_at     timestamptz      NOT NULL,
    granted_at  timestamptz      NULL,
    is_copying  boolean          NOT NULL
);
