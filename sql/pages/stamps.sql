-- What each policy says of each version of an audit, as the gate does: failed where a rule is, else not judged where one is, else passed.
select
    audit, system_version, policy, count(distinct rule) as n_rules,
    case
        when bool_or(verdict = 'failed') then 'failed'
        when bool_or(verdict = 'not judged') then 'not judged'
        else 'passed'
    end as verdict
from policy_results_as_of($at)
group by audit, system_version, policy
order by audit, system_version, policy;
