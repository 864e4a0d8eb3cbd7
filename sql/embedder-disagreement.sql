-- On which concepts do the embedders disagree about the direction? There the score tells of the instrument, not of the system.
-- Empty where all embedders of a panel see the same direction, and where an audit has one embedder only.
select
    system, system_version, audit, axis, concept,
    count(*) as n_embedders, count(*) filter (mcas > 0) as n_towards_a, count(*) filter (mcas < 0) as n_towards_b,
    min(mcas) as lowest, max(mcas) as highest,
    arg_min(embedder, mcas) as lowest_by, arg_max(embedder, mcas) as highest_by
from scores
where mcas is not null
group by all
having n_towards_a > 0 and n_towards_b > 0
order by highest - lowest desc, system_version, axis, concept;
