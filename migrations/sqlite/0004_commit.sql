-- The commit: one statement, and so one transaction, for a whole batch of commits.
--
-- `insert into batches` runs the trigger below: one statement per table, however many runs are in the batch. Each
-- column from `blobs` to `activations` is a JSONB array of arrays, a row each; null stands for none. Statements, leaf
-- hashes and blobs are cut out of `bytes`. `base` is the size of the tree that the batch was made for: a batch made for
-- another tree is refused whole. A signed checkpoint may ride along. A rule that is broken aborts all of it, with the
-- entry that broke it.
--
-- The order matters: fences before everything, bytes before what names them, the versions that make room before those
-- that take it, closures last.

create view batches (
    base, bytes, blobs, runs, holds, entries, subjects, intents, settlements, demotions, sealings, promotions, turns,
    closures, activations, size, frontier, root, signed_size, signed_root, signed_note
) as select null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, null, null where false;

create trigger batches_commit instead of insert on batches begin
    select raise(abort, 'forked||the tree has ' || size || ' leaves') from tree where size <> new.base;

    insert into blobs (digest, bytes)
        select j.value ->> 0, substr(new.bytes, j.value ->> 1, j.value ->> 2)
        from jsonb_each(new.blobs) j where true on conflict do nothing;

    insert into runs (id, first, workflow, subject, plan, trigger_key, state, started_at, epoch, lease_owner, lease_until)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, 'running',
            j.value ->> 6, j.value ->> 7, j.value ->> 8, j.value ->> 9 + cast(unixepoch('subsec') * 1000 as integer)
        from jsonb_each(new.runs) j;

    insert into entries (idx, id, run, epoch, kind, at, statement, leaf)
        select new.base + j.key, j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4,
            substr(new.bytes, j.value ->> 5, j.value ->> 6), substr(new.bytes, j.value ->> 5 + j.value ->> 6, 32)
        from jsonb_each(new.entries) j;

    insert into holds (resource, run)
        select j.value ->> 0, j.value ->> 1 from jsonb_each(new.holds) j;

    insert into entry_subjects (subject, entry, run)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2 from jsonb_each(new.subjects) j;

    insert into intents (entry, run, resource)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2 from jsonb_each(new.intents) j;

    insert into settlements (entry, run, intent, closes)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3 from jsonb_each(new.settlements) j;

    insert into moves (entry, run, subject, number, stage, expires_at)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5
        from jsonb_each(new.demotions) j;

    insert into versions
        (subject, number, stage, run, entry, blob, fingerprint, key_generation, public, sealed_at, expires_at)
        select j.value ->> 0, j.value ->> 1, 'pending', j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5,
            j.value ->> 6, j.value ->> 7, j.value ->> 8, j.value ->> 9
        from jsonb_each(new.sealings) j;

    insert into moves (entry, run, subject, number, stage, expires_at)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, 'current', j.value ->> 4
        from jsonb_each(new.promotions) j;

    insert into turns (entry, run, state, wake_at)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3 from jsonb_each(new.turns) j;

    insert into closures (entry, run, outcome, closed_at)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3 from jsonb_each(new.closures) j;

    insert into activations (idx, entry)
        select e.idx, e.id from jsonb_each(new.activations) j cross join entries e on e.id = j.value;

    update tree set size = new.size, frontier = new.frontier, root = new.root;

    insert into checkpoints (size, root, note)
        select new.signed_size, new.signed_root, new.signed_note where new.signed_size is not null
        on conflict do nothing;
end;
