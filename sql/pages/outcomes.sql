-- What came of the images of one audit of a system version, each image once.
select outcome, count(distinct image_id) as n
from images_as_of($at)
where audit = $audit and system_version = $version
group by outcome
order by n desc, outcome;
