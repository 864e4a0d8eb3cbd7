-- Which policies does each system version meet? One row a requirement, what failed first; the newest results.
-- Empty until a version was held against a policy: `mcas gate AUDIT --system NAME`.
select
    policy, requirement, audit, system_version,
    case
        when bool_or(status = 'failed') then 'failed' when bool_or(status = 'not judged') then 'not judged' else 'passed'
    end as status,
    any_value(condition) as condition,
    count(*) filter (status <> 'not judged') as judged,
    count(*) filter (status = 'failed') as failed,
    count(*) filter (status = 'not judged') as not_judged,
    arg_max(concept, abs(observed - coalesce(threshold, 0))) filter (status = 'failed') as worst_concept,
    arg_max(observed, abs(observed - coalesce(threshold, 0))) filter (status = 'failed') as worst,
    any_value(reason) filter (status = 'not judged') as why_not_judged
from policy_results
group by policy, requirement, audit, system_version
order by failed = 0, not_judged = 0, system_version, policy, requirement, audit;
