-- What changed between two versions, by concept (`not shown`: not at this number of images), and what else differed.
-- Where a row is `noted`, its `interval_note` says what must be known beside the interval.
-- Empty until two versions of a system were audited by the same audit, or compared: `mcas compare BEFORE AFTER`.
select
    j.audit, j.before, j.after, j.axis, j.embedder, j.concept, j.verdict, j.difference, j.low, j.high, j.q_value,
    if(j.interval_note is null, null, '*') as noted, j.value_before, j.value_after, j.interval_note,
    a.difference as adjusted_difference, a.low as adjusted_low, a.high as adjusted_high,
    j.noise_band, j.minimum_detectable, j.n_pairs, j.n_further, j.n_needed, j.interval_method,
    count(*) filter (j.verdict = 'changed')
        over (partition by j.before, j.after, j.audit, j.axis, j.concept) as embedders_that_say_changed,
    (select string_agg(distinct f.kind, ', ' order by f.kind) from comparison_factors f
     where f.before = j.before and f.after = j.after and f.audit = j.audit and f.kind <> 'weights') as also_different
from comparisons j
left join comparisons a
    on a.component = 'adjusted' and (a.before, a.after, a.audit, a.axis, a.embedder, a.concept)
        = (j.before, j.after, j.audit, j.axis, j.embedder, j.concept)
where j.component = 'mcas' and j.category <> 'neutral'
order by j.audit, j.before, j.after, (j.verdict = 'changed') desc, abs(j.difference) desc nulls last, j.axis, j.concept, j.embedder
