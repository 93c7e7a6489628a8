-- A run that a person lets go of may leave a version that is pending. Nobody can say of it that its target has it, or that
-- it ended: it stays pending. It keeps no later run from sealing its own; within one run there is still one at a time.

drop index versions_pending;
create index versions_pending on versions (subject) where stage = 'pending';

drop trigger versions_are_sealed_first;

create trigger versions_are_sealed_first before insert on versions begin
    select raise(abort, 'unfit|' || new.entry || '|`' || new.subject || '` is not the subject of its run')
        where not exists (select 1 from runs where id = new.run and subject = new.subject);
    select raise(abort, 'unfit|' || new.entry || '|the sealed bytes are not stored')
        where not exists (select 1 from blobs where digest = new.blob);
    select raise(abort, 'unfit|' || new.entry || '|a version of `' || new.subject || '` is pending already')
        where exists (select 1 from versions v join runs r on r.id = v.run
            where v.subject = new.subject and v.stage = 'pending' and r.state <> 'closed');
    select raise(abort, 'unfit|' || new.entry || '|the next version of `' || new.subject || '` is ' || n || ' or later')
        from (select coalesce(max(number), 0) + 1 as n from versions where subject = new.subject) where new.number < n;
end;
