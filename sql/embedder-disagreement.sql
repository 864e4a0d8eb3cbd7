-- On which concepts do the embedders disagree about the direction? There the score tells of the instrument, not of the system.
-- The direction is that of the adjusted score, or of MCAS where there is no neutral baseline.
-- Empty where all embedders of a panel see the same direction, and where an audit has one embedder only.
with leaning as (
    select *, coalesce(adjusted, mcas) as lean from scores where category <> 'neutral'
)
select
    system, system_version, audit, axis, concept,
    count(*) as n_embedders, count(*) filter (lean > 0) as n_towards_a, count(*) filter (lean < 0) as n_towards_b,
    min(lean) as lowest, max(lean) as highest, any_value(stable) as stable,
    arg_min(embedder, lean) as lowest_by, arg_max(embedder, lean) as highest_by
from leaning
where lean is not null
group by system, system_version, audit, axis, concept
having n_towards_a > 0 and n_towards_b > 0
order by highest - lowest desc, system_version, axis, concept;
