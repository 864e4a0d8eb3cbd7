-- What each delivered image of one audit of a system version says of its making, as the newest reader of it read it.
select reader, sha256, has_mark, is_valid, issuer, source_type, generator, reason, created_at
from mark_facts
where sha256 in (select sha256 from images_as_of($at) where audit = $audit and system_version = $version)
qualify row_number() over (partition by sha256 order by created_at desc, reader) = 1
order by sha256;
