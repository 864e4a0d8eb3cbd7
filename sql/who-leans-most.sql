-- Which concepts lean most, which systems, and which ranks can they have at all?
-- Rank 1 leans most to pole a. The sets from `rank_low` to `rank_high` hold together, at the level of the audit, for all that is
-- ranked together: `not_told_apart` others could as well have this place. A concept ranks within its system, axis and embedder,
-- a system by the mean adjusted score of its concepts, among all that were audited alike.
-- Empty until an audit has scored two concepts: `mcas audit`.
with newest as (
    select * from system_ranks qualify version = max(version) over (partition by audit)
)
select * from (
select
    'concept' as ranked, audit, axis, embedder, system_version, concept, adjusted as lean,
    lean_rank as rank, lean_rank_low as rank_low, lean_rank_high as rank_high,
    lean_rank_high - lean_rank_low as not_told_apart
from scores
where lean_rank is not null
union all by name
select
    'system' as ranked, audit, axis, embedder, ranked as system_version, mean_adjusted as lean, rank, rank_low, rank_high,
    rank_high - rank_low as not_told_apart
from newest
where rank is not null
)
order by ranked desc, audit, axis, embedder, if(concept is null, '', system_version), rank, concept, system_version;
