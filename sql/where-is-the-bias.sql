-- What does each system associate with whom? Concepts by size of their score, with the pole they lean to.
-- `towards` names the pole by its first words; `adjusted` is the score less the model's default, that of prompts without a
-- concept; `parity_adjusted` is less the instrument's zero, both groups at one half. `is_flagged` says whether adjusted is shown
-- to be other than 0 with all concepts taken together, `share_equivalent` what it is as a difference in shares, and
-- `estimand` what the interval speaks of. `standing` is confirmatory where the audit was on record before the first image.
-- Empty until an audit has scored a concept: `mcas audit`.
with poles as (
    select audit, axis, pole, array_to_string(list(distinct_raw)[1:3], ', ') as words
    from (select distinct on (audit, axis, pole, raw) audit, axis, pole, raw as distinct_raw from texts where kind = 'word')
    group by all
)
select
    s.system, s.system_version, s.audit, s.axis, s.embedder, s.category, s.concept,
    s.mcas, s.adjusted, s.adjusted_low, s.adjusted_high, s.adjusted_q_value, poles.words as towards, s.is_flagged,
    s.share_equivalent, s.parity_adjusted, s.parity_low, s.parity_high,
    s.stable, s.n_images, s.interval_method, s.interval_note, s.estimand, s.standing, s.standing_reason, s.reason
from scores s
left join poles
    on poles.audit = s.audit and poles.axis = s.axis
    and poles.pole = case when coalesce(s.adjusted, s.mcas) > 0 then 'a' when coalesce(s.adjusted, s.mcas) < 0 then 'b' end
order by abs(coalesce(s.adjusted, s.mcas)) desc nulls last, s.system_version, s.axis, s.concept, s.embedder;
