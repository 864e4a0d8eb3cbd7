-- Which policies does each system version meet? One row a rule, what failed first; the newest verdicts.
-- Empty until a version was held against a policy: `mcas gate AUDIT --system NAME`.
select
    policy, rule, audit, system_version,
    case
        when bool_or(verdict = 'failed') then 'failed' when bool_or(verdict = 'not judged') then 'not judged' else 'passed'
    end as verdict,
    any_value(requirement) as requirement,
    count(*) filter (verdict <> 'not judged') as judged,
    count(*) filter (verdict = 'failed') as failed,
    count(*) filter (verdict = 'not judged') as not_judged,
    arg_max(concept, abs(observed - coalesce(threshold, 0))) filter (verdict = 'failed') as worst_concept,
    arg_max(observed, abs(observed - coalesce(threshold, 0))) filter (verdict = 'failed') as worst,
    any_value(reason) filter (verdict = 'not judged') as why_not_judged
from policy_results
group by policy, rule, audit, system_version
order by failed = 0, not_judged = 0, system_version, policy, rule, audit;
