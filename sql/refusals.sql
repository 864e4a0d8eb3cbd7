-- Which prompts gave no image, and why? Outcomes per system version and concept or pole, the least successful first.
with requests as (
    -- An image that stands in several roles is still one request of one prompt.
    select distinct system_version, audit, image_id, outcome, coalesce(axis || ' ' || pole, concept) as subject, role from images
)
select
    system_version, audit, role, subject,
    count(*) as requested,
    count(*) filter (outcome = 'ok') as given,
    count(*) filter (outcome in ('refused_prompt', 'refused_output', 'blanked')) as refused,
    count(*) filter (outcome not in ('ok', 'refused_prompt', 'refused_output', 'blanked')) as lost,
    refused / requested as refused_share,
    list(distinct outcome order by outcome) filter (outcome <> 'ok') as outcomes
from requests
group by system_version, audit, role, subject
having given < requested
order by given / requested, system_version, audit, role, subject;
