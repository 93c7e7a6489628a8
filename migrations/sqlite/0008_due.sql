-- What falls due by itself: a row for each trigger of a current workflow that the clock starts. It is a list to look at, and no
-- event: what came of it stands in the entries (a run that started, or a trigger that had nothing to do).
--
-- `rule` is what the row was made from: an activation that leaves it as it is leaves the row, and so moves nothing. `instant` is
-- the one of the schedule that the next run stands for. `at` is when the row is looked at, its part of the jitter included;
-- without one, nothing happens until something else does. A renewal is looked at anew when a version of its subject comes into
-- use and when a run of its workflow ends; so is a row that waits for the end of its own workflow's run.

create table due (
    workflow text    not null,
    kind     text    not null check (kind in ('schedule', 'expiry')),
    subject  text    not null,
    rule     text    not null,
    instant  integer,
    at       integer,
    tried    integer not null default 0 check (tried >= 0),
    primary key (workflow, kind)
) strict, without rowid;

create index due_at on due (at) where at is not null;
create index runs_waking on runs (wake_at) where wake_at is not null;
create index due_renewals on due (subject) where kind = 'expiry';

create trigger due_when_a_version_comes_into_use after update of stage on versions when new.stage = 'current' begin
    update due set at = 0 where subject = new.subject and kind = 'expiry';
end;

create trigger due_when_a_run_ends after update of state on runs when new.state = 'closed' begin
    update due set at = 0 where workflow = new.workflow and (kind = 'expiry' or at is null);
end;
