-- What the fleet's decisions rest on: who holds capacity, which hosts are out, and what was measured.

CREATE TABLE IF NOT EXISTS runbooks.reservations (
    -- One VM, one reservation: this is the lock that keeps two runs from moving it.
    vm          text        NOT NULL PRIMARY KEY,
    source      text        NOT NULL,
    destination text        NOT NULL,
    memory_mib  integer     NOT NULL CHECK (memory_mib >= 0),
    vcpus       integer     NOT NULL CHECK (vcpus >= 0),
    holder      text        NOT NULL,
    generation  bigint      NOT NULL,
    created_at  timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS reservations_by_destination ON runbooks.reservations (destination);

CREATE TABLE IF NOT EXISTS runbooks.host_modes (
    host   text        NOT NULL PRIMARY KEY,
    mode   text        NOT NULL CHECK (mode IN ('Cordoned', 'Maintenance')),
    holder text        NOT NULL,
    reason text        NOT NULL,
    set_at timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS runbooks.host_samples (
    host            text             NOT NULL,
    at              timestamptz      NOT NULL,
    cpu_load        double precision NOT NULL,
    memory_used_mib integer          NOT NULL,
    vms             integer          NOT NULL,
    PRIMARY KEY (host, at)
);

CREATE TABLE IF NOT EXISTS runbooks.vm_samples (
    vm              text             NOT NULL,
    at              timestamptz      NOT NULL,
    host            text             NOT NULL,
    cpu_load        double precision NOT NULL,
    memory_used_mib integer          NULL,
    PRIMARY KEY (vm, at)
);
