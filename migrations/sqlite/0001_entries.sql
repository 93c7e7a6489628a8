-- Entries: the ledger itself.
--
-- An entry is one leaf: the canonical bytes of its statement, and their RFC 6962 leaf hash. `idx` is its place in the
-- ledger, from 0, without gaps. `id` is unique, so that a repeated commit is the same commit. `at` is in microseconds
-- since 1970. `run` and `epoch` say under which fence it was written; both are null for entries of no run.
-- The other tables are projections of the entries, written in the same commit.
--
-- A rule that is broken aborts the commit with `code|entry|words`; the ledger turns that into its answer.

create table entries (
    idx       integer primary key,
    id        text    not null unique,
    run       text,
    epoch     integer,
    kind      text    not null,
    at        integer not null,
    statement blob    not null check (length(statement) between 2 and 49152),
    leaf      blob    not null check (length(leaf) = 32),
    check ((run is null) = (epoch is null))
) strict;

create trigger entries_never_change before update on entries begin
    select raise(abort, 'frozen|' || old.id || '|an entry never changes');
end;

create trigger entries_never_go before delete on entries begin
    select raise(abort, 'frozen|' || old.id || '|an entry never goes');
end;

-- The bytes that entries name by digest: sealed material, plans, requests, entities, policies. Never leaves.
create table blobs (
    digest text primary key check (length(digest) = 64),
    bytes  blob not null
) strict, without rowid;

-- Which entries stand for a resource: the first entry of each run that holds it (`run` is set, and all of the run's
-- entries count), and entries of no run that name it.
create table entry_subjects (
    subject text not null,
    entry   text not null,
    run     text,
    primary key (subject, entry)
) strict, without rowid;

-- The Merkle tree over the leaves: one row, moved in the same commit as the entries.
create table tree (
    one      integer primary key check (one = 1),
    size     integer not null,
    frontier blob    not null,
    root     blob    not null check (length(root) = 32)
) strict;

-- The empty tree: no complete subtree, and the SHA-256 of nothing.
insert into tree values
    (1, 0, x'0000000000000000', x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

create trigger tree_only_grows before update on tree when new.size < old.size begin
    select raise(abort, 'frozen||the tree only grows');
end;

create trigger tree_never_goes before delete on tree begin
    select raise(abort, 'frozen||the tree never goes');
end;

-- Signed checkpoints, written after the commits that they cover.
create table checkpoints (
    size integer primary key,
    root blob not null check (length(root) = 32),
    note text not null
) strict;

create trigger checkpoints_never_change before update on checkpoints begin
    select raise(abort, 'frozen||a checkpoint never changes');
end;

create trigger checkpoints_never_go before delete on checkpoints begin
    select raise(abort, 'frozen||a checkpoint never goes');
end;

-- The sets of workflows and policies that were made current; the last one is.
create table activations (
    idx   integer primary key,
    entry text not null unique
) strict;

create trigger activations_never_change before update on activations begin
    select raise(abort, 'frozen||an activation never changes');
end;

create trigger activations_never_go before delete on activations begin
    select raise(abort, 'frozen||an activation never goes');
end;

-- The names behind opaque ids. Erasable: nothing refers to a row.
create table persons (
    id   text primary key,
    name text not null
) strict, without rowid;
