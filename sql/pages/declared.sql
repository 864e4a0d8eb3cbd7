-- An audit as it was declared when images of a system version were last drawn for it.
select document::varchar as document
from declarations
where kind = 'audit' and name = $audit and system_version = $version
order by number desc
limit 1;
