-- What each policy says of each version of an audit, as the gate does: failed where a requirement is, else not judged where one is, else passed.
select
    audit, system_version, policy, count(distinct requirement) as n_requirements,
    case
        when bool_or(status = 'failed') then 'failed'
        when bool_or(status = 'not judged') then 'not judged'
        else 'passed'
    end as status
from policy_results_as_of($at)
group by audit, system_version, policy
order by audit, system_version, policy;
