-- When somebody is to be told that what falls due is near: the next of the instants that the workflow's `notices` name, before
-- the row's own `at`. Nothing where nobody is to be told, or everybody has been.

alter table due add column notice_at integer;

create index due_notices on due (notice_at) where notice_at is not null;
