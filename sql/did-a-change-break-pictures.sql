-- Did a change break the pictures? What became of alignment and diversity from one version to the next, on pairs of prompt and seed.
-- `is_worse`: images are farther from their prompt, fewer are nearest to it, or images of a concept are more alike, and a change is
-- shown. The row without a concept is over all concepts. A system that leans less and is worse here was not mended.
-- Empty until two versions of a system were audited: `mcas compare`.
select
    before, after, audit, embedder, measure, concept, value_before, value_after, difference, low, high, q_value, verdict,
    verdict = 'changed' and if(measure = 'similarity', difference > 0, difference < 0) as is_worse, n_pairs, reason
from fidelity_comparisons
where difference is not null
order by before, after, audit, embedder, measure, concept is not null, is_worse desc, difference, concept;
