-- A name may be that of hundreds of organizations, each in its own city: whoever looks for those of one name and city
-- need not pass over the others.
CREATE INDEX organizations_name_city ON organizations (name_key, coalesce(lower(city), ''));
DROP INDEX organizations_name_key;
