-- What an undo does to the stages of versions: the one that was replaced comes back, and the one that replaced it goes
-- out of use. Both move in one commit, so that at no moment two versions are current, or none is.

drop trigger versions_move_forward;

create trigger versions_move_as_they_may before update of stage on versions begin
    select raise(abort, 'unfit|' || new.entry || '|version ' || old.number || ' is ' || old.stage)
        where not (old.stage = 'pending' and new.stage in ('current', 'retired')
            or old.stage = 'current' and new.stage in ('previous', 'retired')
            or old.stage = 'previous' and new.stage in ('current', 'retired'));
    select raise(abort, 'unfit|' || new.entry || '|version ' || number || ' of `' || new.subject || '` is still current')
        from versions where subject = new.subject and stage = 'current' and new.stage = 'current';
end;
