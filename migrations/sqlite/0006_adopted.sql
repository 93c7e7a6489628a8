-- A credential that was made elsewhere brings the number along that its target knows it by. So the versions of a subject
-- have rising numbers, and not each number: what was given out once is still never given out again.

drop trigger versions_are_sealed_first;

create trigger versions_are_sealed_first before insert on versions begin
    select raise(abort, 'unfit|' || new.entry || '|`' || new.subject || '` is not the subject of its run')
        where not exists (select 1 from runs where id = new.run and subject = new.subject);
    select raise(abort, 'unfit|' || new.entry || '|the sealed bytes are not stored')
        where not exists (select 1 from blobs where digest = new.blob);
    select raise(abort, 'unfit|' || new.entry || '|a version of `' || new.subject || '` is pending already')
        where exists (select 1 from versions where subject = new.subject and stage = 'pending');
    select raise(abort, 'unfit|' || new.entry || '|the next version of `' || new.subject || '` is ' || n || ' or later')
        from (select coalesce(max(number), 0) + 1 as n from versions where subject = new.subject) where new.number < n;
end;
