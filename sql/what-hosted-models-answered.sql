-- Which model versions did hosted providers report, since when, with what success and at what cost? More than one: it moved.
-- Empty until a hosted system was audited: `mcas audit AUDIT --system NAME` with a provider in data/systems.yaml.
with images as (
    select
        system_version, provider ->> '$.provider' as provider, provider ->> '$.model_requested' as model_requested,
        provider ->> '$.model_reported' as model_reported, outcome, run_id, created_at
    from image_facts
    where provider ->> '$.model_requested' is not null and attempt > 0
),
spent as (
    select system_version, model_reported, count(*) as requests, sum(cost_usd) as usd
    from attempt_facts
    group by system_version, model_reported
)
select
    i.system_version, any_value(i.provider) as provider, i.model_requested, i.model_reported,
    count(distinct i.model_reported) over (partition by i.system_version) > 1 as has_moved,
    min(i.created_at) as first_answer, max(i.created_at) as last_answer, count(distinct i.run_id) as runs,
    count(*) filter (i.outcome = 'ok') as images,
    count(*) filter (i.outcome in ('refused_prompt', 'refused_output')) as refused,
    any_value(s.requests) as requests, any_value(s.usd) as usd
from images i
left join spent s on s.system_version = i.system_version and s.model_reported is not distinct from i.model_reported
group by i.system_version, i.model_requested, i.model_reported
order by i.system_version, first_answer, i.model_reported;
