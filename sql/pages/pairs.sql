-- The images of two versions that share prompt and seed, those whose label differs first. One row a pair of one use.
with labelled as (
    select i.*, given.label
    from images_as_of($at) i
    left join (
        select system_version, sha256, label
        from image_labels_as_of($at)
        where audit = $audit and axis = $axis and labels = $labels and embedder is not distinct from $embedder::varchar
    ) given using (system_version, sha256)
    where i.audit = $audit and i.role <> 'attribute' and ($concept::varchar is null or i.concept = $concept)
)
select
    b.concept, b.prompt, b.seed, b.replicate,
    b.image_id as image_before, b.sha256 as sha256_before, b.path as path_before, b.outcome as outcome_before,
    b.label as label_before,
    a.image_id as image_after, a.sha256 as sha256_after, a.path as path_after, a.outcome as outcome_after,
    a.label as label_after,
    b.label is distinct from a.label as has_changed
from labelled b
join labelled a
    on a.concept = b.concept and a.prompt = b.prompt and a.replicate = b.replicate and a.seed is not distinct from b.seed
where b.system_version = $before and a.system_version = $after and (b.outcome = 'ok' or a.outcome = 'ok')
order by b.concept, has_changed desc, b.prompt, b.replicate;
