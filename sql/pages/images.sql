-- The images of one audit of a system version, one row a use, with what came of each. Whatever is null does not narrow it.
-- `label` is that of one labeller on one axis, null where there is no image or the home is from before labels were kept.
with given as (
    select sha256, label
    from image_labels_as_of($at)
    where
        audit = $audit and system_version = $version and axis = $axis and labels = $labels
        and embedder is not distinct from $embedder::varchar
)
select
    i.image_id, i.prompt, i.role, i.axis, i.pole, i.category, i.concept, i.replicate, i.seed, i.outcome, i.sha256, i.path,
    given.label
from images_as_of($at) i
left join given using (sha256)
where
    i.audit = $audit and i.system_version = $version
    and ($role::varchar is null or i.role = $role)
    and ($pole::varchar is null or (i.pole = $pole and i.axis = $axis))
    and ($concept::varchar is null or i.concept = $concept)
    and ($outcome::varchar is null or i.outcome = $outcome)
    and ($group_name::varchar is null or given.label = $group_name)
order by i.role, i.concept, i.pole, i.prompt, i.replicate, i.image_id;
