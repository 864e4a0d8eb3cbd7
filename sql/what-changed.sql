-- What changed between two versions, by concept: the adjusted score, whether the panel agrees, and what else differed.
with judged as (
    select *, row_number() over (partition by before, after, audit, axis, embedder, concept order by component = 'mcas') as place
    from comparisons
    where component in ('adjusted', 'mcas') and category <> 'neutral'
)
select
    j.audit, j.before, j.after, j.axis, j.concept, j.embedder,
    j.value_before, j.value_after, j.difference, j.low, j.high, j.q_value, j.verdict,
    j.noise_band, j.minimum_detectable, j.n_pairs, j.n_needed,
    count(*) filter (verdict = 'changed')
        over (partition by j.before, j.after, j.audit, j.axis, j.concept) as embedders_that_say_changed,
    (select string_agg(distinct f.kind, ', ' order by f.kind) from comparison_factors f
     where f.before = j.before and f.after = j.after and f.audit = j.audit and f.kind <> 'weights') as also_different
from judged j
where j.place = 1
order by j.audit, j.before, j.after, (j.verdict = 'changed') desc, abs(j.difference) desc nulls last, j.axis, j.concept, j.embedder
