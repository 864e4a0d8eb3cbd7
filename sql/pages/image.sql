-- One image: each use of it in an audit, with what is kept of how it came to be.
select
    i.image_id, i.system_version, i.prompt, i.role, i.axis, i.pole, i.category, i.concept, i.replicate, i.seed, i.outcome,
    i.width, i.height, i.sha256, i.path, i.safety, f.reason, f.bytes, f.batch_id, f.batch_size, f.position, f.device, f.dtype,
    f.latency_ms, f.attempt, f.created_at, f.record,
    f.provider ->> '$.revised_prompt' as revised_prompt
from images_as_of($at) i
left join image_facts f using (image_id)
where i.audit = $audit and i.system_version = $version and i.image_id = $image
order by i.role, i.concept;
