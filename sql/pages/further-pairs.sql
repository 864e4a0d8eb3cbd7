-- The images of two versions that were drawn of given prompts and seeds ($places: their order), where both were delivered in the
-- size of the audit's own images. They are no rows of `images`: a comparison drew them after it had looked at the first pairs.
with wanted as (
    select unnest($prompts::varchar[]) as prompt, unnest($seeds::bigint[]) as seed, unnest($places::bigint[]) as place
),
sizes as (
    select distinct system_version, width, height from images_as_of($at) where audit = $audit
)
select
    w.prompt, w.seed, b.image_id as image_before, b.sha256 as sha256_before, b.path as path_before,
    a.image_id as image_after, a.sha256 as sha256_after, a.path as path_after
from wanted w
join (select * from image_facts semi join sizes using (system_version, width, height)) b
    on b.prompt = w.prompt and b.seed = w.seed and b.system_version = $before and b.outcome = 'ok'
join (select * from image_facts semi join sizes using (system_version, width, height)) a
    on a.prompt = w.prompt and a.seed = w.seed and a.system_version = $after and a.outcome = 'ok'
where b.image_id not in (select image_id from images_as_of($at) where audit = $audit and system_version = $before)
order by w.place;
