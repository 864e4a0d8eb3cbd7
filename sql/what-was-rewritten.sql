-- What did systems make of prompts before they drew? Each text that a rewriter wrote, or a provider reported, with its images.
-- Empty until a system rewrites: `rewriter: as_shipped` of a diffusers system that ships with one, or a hosted one that says so.
select
    system_version, prompt, provider ->> '$.revised_prompt' as revised_prompt, count(*) as images,
    count(*) filter (outcome = 'ok') as delivered, min(seed) as first_seed
from image_facts
where coalesce(provider ->> '$.revised_prompt', '') not in ('', prompt)
group by system_version, prompt, revised_prompt
order by system_version, prompt, images desc, revised_prompt;
