-- What each policy says of each version of an audit: failed, not judged or passed, by its rules that block.
select
    audit, system_version, policy, count(distinct rule) as n_rules,
    case
        when bool_or(verdict = 'failed' and is_blocking) then 'failed'
        when bool_or(verdict = 'not judged' and is_blocking) then 'not judged'
        else 'passed'
    end as verdict
from policy_results_as_of($at)
group by audit, system_version, policy
order by audit, system_version, policy;
