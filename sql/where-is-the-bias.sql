-- What does each system associate with whom? Concepts by size of their score, with the pole they lean to.
-- `towards` names the pole by its first words; `adjusted` is the score less that of prompts without a concept;
-- `is_shown` says whether the interval of the adjusted score (or, without one, of the score) excludes zero.
with poles as (
    select audit, axis, pole, array_to_string(list(distinct_raw)[1:3], ', ') as words
    from (select distinct on (audit, axis, pole, raw) audit, axis, pole, raw as distinct_raw from texts where kind = 'word')
    group by all
)
select
    s.system, s.system_version, s.audit, s.axis, s.embedder, s.category, s.concept,
    s.mcas, s.adjusted, poles.words as towards,
    coalesce(
        s.adjusted_low > 0 or s.adjusted_high < 0,
        s.mcas_low > 0 or s.mcas_high < 0
    ) as is_shown,
    s.stable, s.n_images, s.reason
from scores s
left join poles
    on poles.audit = s.audit and poles.axis = s.axis
    and poles.pole = case when coalesce(s.adjusted, s.mcas) > 0 then 'a' when coalesce(s.adjusted, s.mcas) < 0 then 'b' end
order by abs(coalesce(s.adjusted, s.mcas)) desc nulls last, s.system_version, s.axis, s.concept, s.embedder;
