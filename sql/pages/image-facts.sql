-- How each image of one audit of a system version came to be: what a provider answered, on which machine it was drawn.
select
    f.image_id, f.outcome, f.reason, f.bytes, f.batch_id, f.batch_size, f.position, f.device, f.dtype, f.environment::varchar as environment,
    f.provider::varchar as provider, f.latency_ms, f.attempt, f.run_id, f.created_at, f.record
from image_facts f
where f.image_id in (select image_id from images_as_of($at) where audit = $audit and system_version = $version)
order by f.image_id;
