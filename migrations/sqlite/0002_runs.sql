-- Runs, what they hold, and their intents: the rules of one owner per resource (inv:I5) and of intents that close by
-- knowledge (inv:I2), kept by the database itself.
--
-- `epoch` is the fence: each lease of a run raises it, and an entry under another epoch is refused. Leases are in
-- milliseconds since 1970 by this database's clock.

create table runs (
    id          text primary key,
    first       text    not null,
    workflow    text    not null,
    subject     text    not null,
    plan        text    not null,
    trigger_key text,
    state       text    not null check (state in ('running', 'waiting', 'stuck', 'closed')),
    wake_at     integer,
    outcome     text,
    started_at  integer not null,
    closed_at   integer,
    epoch       integer not null check (epoch >= 1),
    lease_owner text,
    lease_until integer not null,
    check ((state = 'closed') = (outcome is not null)),
    check ((state = 'waiting') = (wake_at is not null))
) strict, without rowid;

create unique index runs_triggers on runs (workflow, trigger_key) where trigger_key is not null;
create index runs_newest on runs (started_at);
create index runs_live on runs (id) where state <> 'closed';

-- Rows without expiry: from `started` to `closed`, waits included.
create table holds (
    resource text primary key,
    run      text not null
) strict, without rowid;

create index holds_of_run on holds (run);

create table intents (
    entry    text primary key,
    run      text not null,
    resource text not null,
    closed   text
) strict, without rowid;

create unique index intents_open on intents (resource) where closed is null;

create trigger runs_start_once before insert on runs begin
    select case
        when epoch <> new.epoch then raise(abort, 'stale|' || new.first || '|')
        when exists (select 1 from entries where id = new.first) then raise(abort, 'repeat|' || new.first || '|')
        else raise(abort, 'unfit|' || new.first || '|the run has started already')
    end from runs where id = new.id;
    select raise(abort, 'unfit|' || new.first || '|its trigger started run `' || id || '` already')
        from runs where workflow = new.workflow and trigger_key = new.trigger_key;
    select raise(abort, 'unfit|' || new.first || '|the bytes of its plan are not stored')
        where not exists (select 1 from blobs where digest = new.plan);
end;

create trigger runs_fence_grows before update of epoch on runs when new.epoch < old.epoch begin
    select raise(abort, 'stale|' || old.first || '|');
end;

create trigger runs_stay_closed before update on runs when old.state = 'closed' begin
    select raise(abort, 'unfit|' || old.first || '|the run is closed');
end;

create trigger runs_never_go before delete on runs begin
    select raise(abort, 'frozen|' || old.first || '|a run never goes');
end;

-- The fence, before anything else: a stale writer learns nothing but that it is stale.
create trigger entries_are_fenced before insert on entries when new.run is not null begin
    select case
        when r.id is null then raise(abort, 'unfit|' || new.id || '|the run has not started')
        when r.epoch <> new.epoch then raise(abort, 'stale|' || new.id || '|')
        when exists (select 1 from entries where id = new.id) then raise(abort, 'repeat|' || new.id || '|')
        when r.state = 'closed' then raise(abort, 'unfit|' || new.id || '|the run is closed')
        when new.kind = 'started' and r.first <> new.id
            then raise(abort, 'unfit|' || new.id || '|the run has started already')
    end from (select new.run as run) w left join runs r on r.id = w.run;
end;

create trigger entries_stand_once before insert on entries when new.run is null begin
    select raise(abort, 'repeat|' || new.id || '|') where exists (select 1 from entries where id = new.id);
end;

create trigger holds_are_single before insert on holds begin
    select raise(abort, 'held|' || (select first from runs where id = new.run) || '|' || new.resource || '|' || run)
        from holds where resource = new.resource;
end;

create trigger intents_need_their_hold before insert on intents begin
    select raise(abort, 'held|' || new.entry || '|' || new.resource || '|' || run)
        from intents where resource = new.resource and closed is null;
    select raise(abort, 'unfit|' || new.entry || '|its run does not hold `' || new.resource || '`')
        where not exists (select 1 from holds where resource = new.resource and run = new.run);
end;

create trigger intents_close_once before update on intents when old.closed is not null begin
    select raise(abort, 'unfit|' || new.closed || '|the intent is closed');
end;

create trigger intents_never_go before delete on intents begin
    select raise(abort, 'frozen|' || old.entry || '|an intent never goes');
end;

-- A receipt or a finding: `closes` is 1 where it closes the intent, 0 for an indeterminate receipt.
create view settlements (entry, run, intent, closes) as select null, null, null, null where false;

create trigger settlements_need_an_open_intent instead of insert on settlements begin
    select case
        when i.entry is null or i.run <> new.run then raise(abort, 'unfit|' || new.entry || '|there is no such intent')
        when i.closed is not null then raise(abort, 'unfit|' || new.entry || '|the intent is closed')
    end from (select new.intent as intent) w left join intents i on i.entry = w.intent;
    update intents set closed = new.entry where entry = new.intent and new.closes;
end;

-- A wait that began (`waiting` with its end, `stuck` for a person) or is over (`running`).
create view turns (entry, run, state, wake_at) as select null, null, null, null where false;

create trigger turns_move_a_run instead of insert on turns begin
    update runs set state = new.state, wake_at = new.wake_at where id = new.run;
end;

-- The end of a run: nothing is open, and nothing is held any more.
create view closures (entry, run, outcome, closed_at) as select null, null, null, null where false;

create trigger closures_end_a_run instead of insert on closures begin
    select raise(abort, 'unfit|' || new.entry || '|intent `' || entry || '` is open')
        from intents where resource in (select resource from holds where run = new.run) and closed is null;
    update runs set state = 'closed', outcome = new.outcome, closed_at = new.closed_at, wake_at = null,
        lease_owner = null, lease_until = 0 where id = new.run;
    delete from holds where run = new.run;
end;
