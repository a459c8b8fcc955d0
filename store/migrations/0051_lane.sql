-- Whose turn in a lane it is: what runs of it, and what waits in front. With the group alone to go by, each message of a process that is
-- due was compared with all others of that process.
create index job_lane on job (grp, lane, state, id) where state in ('ready', 'running') and lane <> '';
