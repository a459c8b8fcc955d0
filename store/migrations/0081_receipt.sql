-- What became of a message is told by its id.
create index log_message on log (message) where message <> '';
