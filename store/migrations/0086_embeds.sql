-- Finds who has registered an origin among the few that have registered any.
create index company_embeds on company (origins) where origins <> '';
