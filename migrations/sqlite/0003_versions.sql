-- Secret versions: where the material of each subject stands. `blob` names the sealed bytes; they are stored before the
-- version exists, so a version without bytes cannot be (inv:I3). `entry` is the entry that gave it its present stage.
-- At most one version of a subject is pending and one is current.

create table versions (
    subject        text    not null,
    number         integer not null check (number >= 1),
    stage          text    not null check (stage in ('pending', 'current', 'previous', 'retired')),
    run            text    not null,
    entry          text    not null,
    blob           text    not null,
    fingerprint    text    not null,
    key_generation integer not null,
    public         text    not null,
    sealed_at      integer not null,
    expires_at     integer,
    tainted        integer not null default 0 check (tainted in (0, 1)),
    primary key (subject, number)
) strict, without rowid;

create unique index versions_pending on versions (subject) where stage = 'pending';
create unique index versions_current on versions (subject) where stage = 'current';

create trigger versions_are_sealed_first before insert on versions begin
    select raise(abort, 'unfit|' || new.entry || '|`' || new.subject || '` is not the subject of its run')
        where not exists (select 1 from runs where id = new.run and subject = new.subject);
    select raise(abort, 'unfit|' || new.entry || '|the sealed bytes are not stored')
        where not exists (select 1 from blobs where digest = new.blob);
    select raise(abort, 'unfit|' || new.entry || '|a version of `' || new.subject || '` is pending already')
        where exists (select 1 from versions where subject = new.subject and stage = 'pending');
    select raise(abort, 'unfit|' || new.entry || '|the next version of `' || new.subject || '` is ' || n)
        from (select coalesce(max(number), 0) + 1 as n from versions where subject = new.subject) where n <> new.number;
end;

create trigger versions_move_forward before update of stage on versions begin
    select raise(abort, 'unfit|' || new.entry || '|version ' || old.number || ' is ' || old.stage)
        where not (old.stage = 'pending' and new.stage in ('current', 'retired')
            or old.stage = 'current' and new.stage = 'previous'
            or old.stage = 'previous' and new.stage = 'retired');
    select raise(abort, 'unfit|' || new.entry || '|version ' || number || ' of `' || new.subject || '` is still current')
        from versions where subject = new.subject and stage = 'current' and new.stage = 'current';
end;

create trigger versions_never_go before delete on versions begin
    select raise(abort, 'frozen|' || old.entry || '|a version never goes');
end;

-- A version that moves to another stage.
create view moves (entry, run, subject, number, stage, expires_at) as
    select null, null, null, null, null, null where false;

create trigger moves_change_a_stage instead of insert on moves begin
    select case
        when v.subject is null then raise(abort, 'unfit|' || new.entry || '|there is no such version')
        when r.id is null then raise(abort, 'unfit|' || new.entry || '|`' || new.subject || '` is not the subject of its run')
    end from (select new.subject as subject) w
        left join versions v on v.subject = w.subject and v.number = new.number
        left join runs r on r.id = new.run and r.subject = w.subject;
    update versions set stage = new.stage, entry = new.entry, expires_at = coalesce(new.expires_at, expires_at)
        where subject = new.subject and number = new.number;
end;
