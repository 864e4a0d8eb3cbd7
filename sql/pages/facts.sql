-- What is kept of images of any audit or none: how each came to be, and where its file is.
select
    image_id, system_version, prompt, seed, outcome, width, height, sha256, path, reason, bytes, batch_id, batch_size,
    position, device, dtype, latency_ms, attempt, created_at, record,
    provider ->> '$.revised_prompt' as revised_prompt
from image_facts
where list_contains($images::varchar[], image_id);
