-- How many delivered images of one audit of a system version carry a provenance mark, and how many a valid one.
with given as (
    select distinct sha256 from images_as_of($at) where audit = $audit and system_version = $version and path is not null
), newest as (
    from mark_facts qualify row_number() over (partition by sha256 order by created_at desc, reader) = 1
)
select
    count(*) as n_images, count(has_mark) as n_read, count(*) filter (has_mark) as n_marked, count(*) filter (is_valid) as n_valid,
    list_sort(list(distinct issuer) filter (is_valid and issuer is not null)) as issuers,
    list_sort(list(distinct source_type) filter (is_valid and source_type is not null)) as source_types,
    list_sort(list(distinct reason) filter (reason is not null)) as reasons
from given
left join newest using (sha256)
having count(*) > 0;
