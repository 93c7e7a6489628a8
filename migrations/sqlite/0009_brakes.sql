-- What keeps changes from beginning, or from going on: brakes that somebody sets, or that are set where a provider or a subject
-- fails again and again; and limits of the settings: budgets, and how much is under way at once.
--
-- A brake is an entry of no run; its row says whether it is in force: until it is lifted, or until its time is over. `paused` and
-- `circuit_open` are met by new runs and by each intent, undos included; `quarantined` by new runs alone, so that what is under
-- way may still be taken back. `scope` and `name` say where: everything, a connector instance, or a subject.
--
-- A budget is a rate, kept as one instant (the generic cell rate algorithm): each use moves `tat` on by `every`, and is refused
-- while `tat` lies further ahead than `burst`. So it is as old as the database, and costs the same however much was used.

alter table runs add column team text;
alter table runs add column service text;

create index runs_open_of_team on runs (team) where state <> 'closed' and team is not null;
create index runs_open_of_service on runs (service) where state <> 'closed' and service is not null;

-- When a row was due that a brake or a limit keeps from beginning; `at` is then when it is looked at again, if time does that.
alter table due add column parked integer;

create index due_parked on due (parked) where parked is not null;

create table brakes (
    scope  text    not null check (scope in ('all', 'connector', 'subject')),
    name   text    not null,
    code   text    not null check (code in ('paused', 'circuit_open', 'quarantined')),
    entry  text    not null,
    since  integer not null,
    until  integer,
    lifted integer,
    primary key (scope, name, code)
) strict, without rowid;

-- In microseconds; without `every`, no rate. `at_once` counts open runs of a team, `percent` is of a service's subjects.
create table limits (
    scope   text    not null check (scope in ('connector', 'team', 'service')),
    name    text    not null,
    every   integer check (every > 0),
    burst   integer not null default 0 check (burst >= 0),
    at_once integer check (at_once > 0),
    percent integer check (percent between 1 and 100),
    tat     integer not null default 0,
    primary key (scope, name)
) strict, without rowid;

create table service_subjects (
    service text not null,
    subject text not null,
    primary key (service, subject)
) strict, without rowid;

create view braking (entry, scope, name, code, until, lifted) as select null, null, null, null, null, null where false;

create trigger braking_sets_and_lifts instead of insert on braking begin
    insert into brakes (scope, name, code, entry, since, until)
        select new.scope, new.name, new.code, new.entry, at, new.until from entries where id = new.entry and not new.lifted
        on conflict do update set entry = excluded.entry, since = excluded.since, until = excluded.until, lifted = null;
    update brakes set lifted = (select at from entries where id = new.entry), entry = new.entry
        where new.lifted and scope = new.scope and name = new.name and code = new.code;
    -- What it kept from beginning is looked at again, as of when it was due.
    update due set at = parked, parked = null where new.lifted and parked is not null;
end;

create trigger runs_meet_limits before insert on runs begin
    select raise(abort, 'braked|' || new.first || '|budget_spent|team ' || name || '|' || (tat - burst))
        from limits where scope = 'team' and name = new.team and every is not null and tat - burst > new.started_at;
    select raise(abort, 'braked|' || new.first || '|at_once|team ' || name || '|')
        from limits where scope = 'team' and name = new.team
            and at_once <= (select count(*) from runs where team = new.team and state <> 'closed');
    select raise(abort, 'braked|' || new.first || '|in_flight|service ' || name || '|')
        from limits where scope = 'service' and name = new.service and percent is not null
            and max(1, percent * (1 + (
                select count(*) from service_subjects where service = new.service and subject <> new.subject)) / 100)
                <= (select count(*) from runs where service = new.service and state <> 'closed');
end;

create trigger runs_use_limits after insert on runs begin
    update limits set tat = max(tat, new.started_at) + every where scope = 'team' and name = new.team and every is not null;
    insert into service_subjects (service, subject)
        select new.service, new.subject where new.service is not null on conflict do nothing;
end;

create trigger holds_meet_brakes before insert on holds begin
    select raise(abort, 'braked|' || first || '|' || code || '|' || scope || ' ' || name || '|' || coalesce(until, ''))
        from (select r.first, b.* from runs r, brakes b where r.id = new.run and b.lifted is null
            and (b.until is null or b.until > r.started_at)
            and (b.scope = 'all' or b.name = new.resource and b.scope = 'subject'
                or b.scope = 'connector' and b.name = substr(new.resource, 1, instr(new.resource, '/') - 1))
            order by b.until is not null, b.scope limit 1);
end;

create trigger intents_meet_brakes before insert on intents begin
    select raise(abort, 'braked|' || new.entry || '|' || code || '|' || scope || ' ' || name || '|' || coalesce(until, ''))
        from (select b.* from runs r, brakes b, entries e where r.id = new.run and e.id = new.entry and b.lifted is null
            and b.code <> 'quarantined' and (b.until is null or b.until > e.at)
            and (b.scope = 'all' or b.name in (new.resource, r.subject) and b.scope = 'subject'
                or b.scope = 'connector' and b.name = substr(new.resource, 1, instr(new.resource, '/') - 1))
            order by b.until is not null, b.scope limit 1);
    select raise(abort, 'braked|' || new.entry || '|budget_spent|connector ' || name || '|' || (tat - burst))
        from limits where scope = 'connector' and name = substr(new.resource, 1, instr(new.resource, '/') - 1)
            and every is not null and tat - burst > (select at from entries where id = new.entry);
end;

create trigger intents_use_budgets after insert on intents begin
    update limits set tat = max(tat, (select at from entries where id = new.entry)) + every
        where scope = 'connector' and name = substr(new.resource, 1, instr(new.resource, '/') - 1) and every is not null;
end;

-- The commit once more, with the team and the service of runs, and with brakes.
drop trigger batches_commit;
drop view batches;

create view batches (
    base, bytes, blobs, runs, holds, entries, subjects, intents, settlements, demotions, sealings, promotions, turns,
    closures, activations, brakes, size, frontier, root, signed_size, signed_root, signed_note
) as select null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, null, null where false;

create trigger batches_commit instead of insert on batches begin
    select raise(abort, 'forked||the tree has ' || size || ' leaves') from tree where size <> new.base;

    insert into blobs (digest, bytes)
        select j.value ->> 0, substr(new.bytes, j.value ->> 1, j.value ->> 2)
        from jsonb_each(new.blobs) j where true on conflict do nothing;

    insert into runs
        (id, first, workflow, subject, plan, trigger_key, state, started_at, epoch, lease_owner, lease_until, team, service)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, 'running',
            j.value ->> 6, j.value ->> 7, j.value ->> 8, j.value ->> 9 + cast(unixepoch('subsec') * 1000 as integer),
            j.value ->> 10, j.value ->> 11
        from jsonb_each(new.runs) j;

    insert into entries (idx, id, run, epoch, kind, at, statement, leaf)
        select new.base + j.key, j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4,
            substr(new.bytes, j.value ->> 5, j.value ->> 6), substr(new.bytes, j.value ->> 5 + j.value ->> 6, 32)
        from jsonb_each(new.entries) j;

    -- Within a batch, brakes are on before whatever they keep, and off after it: as the order of the entries may say.
    insert into braking (entry, scope, name, code, until, lifted)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, 0
        from jsonb_each(new.brakes) j where not j.value ->> 5;

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

    insert into braking (entry, scope, name, code, until, lifted)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, 1
        from jsonb_each(new.brakes) j where j.value ->> 5 and not exists (
            select 1 from jsonb_each(new.brakes) k where k.key > j.key and not k.value ->> 5
            and k.value ->> 1 = j.value ->> 1 and k.value ->> 2 = j.value ->> 2 and k.value ->> 3 = j.value ->> 3);

    update tree set size = new.size, frontier = new.frontier, root = new.root;

    insert into checkpoints (size, root, note)
        select new.signed_size, new.signed_root, new.signed_note where new.signed_size is not null
        on conflict do nothing;
end;
