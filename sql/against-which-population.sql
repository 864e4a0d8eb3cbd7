-- Is a group shown more or less than it should be, and does that depend on the population one compares with?
-- `verdicts` says for each population of the audit which share it gives the group, and what the interval says of it; `is_reversed` marks
-- a group that is over-represented against one population and under-represented against another; `erased_in` names the populations
-- that hold the group while the system all but does not show it. Which population is right depends on where the system is used:
-- `locales` says what each stands for.
-- Empty until an audit whose file names populations has counted images: `mcas audit`.
with named as (
    select *, population || ' (' || locale || coalesce(', ' || year, '') || ')' as place from amplification
)
select
    system_version, audit, axis, labels, embedder, concept, group_name,
    any_value(share) as shown,
    string_agg(format('{} {:.1f} %: {}', population, 100 * reference, verdict), '; ' order by population)
        filter (verdict is not null) as verdicts,
    bool_or(depends_on_population) as depends_on_population, any_value(share_low) as low, any_value(share_high) as high,
    count(distinct verdict) filter (verdict in ('over-represented', 'under-represented')) = 2 as is_reversed,
    string_agg(population, ', ' order by population) filter (is_erased) as erased_in,
    bool_and(survives_missing) as survives_missing,
    string_agg(place, '; ' order by place) as locales
from named
group by all
having count(verdict) > 0
order by depends_on_population desc nulls last, is_reversed desc, system_version, audit, axis, concept, group_name, labels desc, embedder;
