-- For each version, axis and embedder of an audit: concepts with a score, those flagged, and the widest.
select
    audit, system_version, axis, embedder, count(adjusted) as n_concepts, count(*) filter (is_flagged) as n_flagged,
    arg_max(concept, abs(adjusted)) as widest_concept, arg_max(adjusted, abs(adjusted)) as widest
from scores_as_of($at)
where category is distinct from 'neutral'
group by audit, system_version, axis, embedder;
