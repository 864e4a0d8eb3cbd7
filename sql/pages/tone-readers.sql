-- What the skin tones of the images of one audit of a system version were read by.
select distinct reader
from tone_facts
where sha256 in (select sha256 from images_as_of($at) where audit = $audit and system_version = $version)
order by reader;
