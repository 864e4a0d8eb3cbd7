-- How far do raters agree, and on which images do they differ? Alpha of each axis with its interval; then what is open is listed.
-- alpha counts 'no group' as an answer; told_alpha takes it for a missing one. 1 is agreement, 0 what chance gives; below .667 little
-- rests on such answers (Krippendorff). What differs is settled by a third: mcas review --rater NAME --disagreements.
-- Empty until somebody has rated images: `mcas review --rater NAME`.
with standing as (
    from review_votes qualify row_number() over (partition by draw, axis, image_id, rater, is_adjudication order by number desc) = 1
), differing as (
    select draw, axis, image_id from standing where answer is not null group by all
    having count(distinct answer) filter (not is_adjudication) > 1 and count(*) filter (is_adjudication) = 0
), listed as (
    select d.system_version, d.audit, x.axis, list(left(x.image_id, 12) order by x.image_id) as differ_on
    from differing x join review_draws d using (draw, image_id) group by all
)
select
    a.system_version, a.audit, a.axis, a.alpha, a.alpha_low, a.alpha_high, a.told_alpha, a.n_raters, a.n_drawn, a.n_rated,
    a.n_agreed, a.n_settled, a.n_open, a.n_single, a.n_no_group, l.differ_on, coalesce(a.reason, a.told_reason) as reason
from rater_agreement a
left join listed l using (system_version, audit, axis)
order by a.system_version, a.audit, a.axis;
