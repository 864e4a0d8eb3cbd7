-- What does each system decline to draw, and whom does it decline more? Rates per subject with their largest disparity, the most refused first.
-- Empty where every image that was asked for was given, and until an audit has asked for some: `mcas audit`.
with widest as (
    select * from refusal_disparities
    qualify row_number() over (
        partition by system_version, audit, scope, axis, pole, group_name, category, concept order by abs(difference) desc nulls last, against
    ) = 1
)
select
    r.system_version, r.audit, r.scope, coalesce(r.axis || ' ' || coalesce(r.pole, r.group_name), r.concept, r.category, r.scope) as subject,
    r.n_requested as requested, r.n_given as given, r.n_refused as refused, r.n_lost as lost,
    r.rate, r.rate_low, r.rate_high, r.rate_least, r.rate_most,
    d.against, d.difference, d.difference_low, d.difference_high, d.ratio, d.unit, d.p_value, d.q_value,
    coalesce(r.reason, d.reason) as reason,
    r.outcomes
from refusals r
left join widest d
    on d.system_version = r.system_version and d.audit = r.audit and d.scope = r.scope and d.axis is not distinct from r.axis
    and d.pole is not distinct from r.pole and d.group_name is not distinct from r.group_name
    and d.category is not distinct from r.category and d.concept is not distinct from r.concept
where r.n_refused + r.n_lost > 0 or abs(d.difference) > 0
order by r.rate desc nulls last, r.n_lost desc, r.system_version, r.audit, r.scope, subject;
