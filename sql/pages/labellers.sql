-- The labellers that looked at the images of one audit of a system version, by axis, with their identity documents.
select labeller, name, axis, identity, first_seen
from labellers
where labeller in (
    select labeller from label_facts
    where sha256 in (select sha256 from images_as_of($at) where audit = $audit and system_version = $version)
)
order by name, axis, labeller;
