-- Who is shown, with people as the reference? Shares by votes on drawn images beside those by labels alone, and how often labels are right.
-- method says what a share rests on: votes on this concept (prediction-powered), or the errors of labels over all rated images, which must
-- be alike in this concept (rogan-gladen). labelled is the share as labelled; label_is_right the part of the group's rated images labelled so.
-- Empty until two people have rated the same images: `mcas review --rater NAME`.
select
    p.system_version, p.audit, p.axis, p.concept, p.group_name, p.share, p.share_low, p.share_high, r.share as labelled,
    r.corrected_share as by_attribute_images, c.rate as label_is_right, p.method, p.n_rated, p.n_images, p.labels, p.embedder,
    p.category, coalesce(p.reason, p.note) as reason
from people_shares p
left join representation r
    on r.system_version = p.system_version and r.audit = p.audit and r.axis = p.axis and r.labels = p.labels
    and r.embedder is not distinct from p.embedder and r.concept = p.concept and r.group_name = p.group_name
left join people_confusion c
    on c.system_version = p.system_version and c.audit = p.audit and c.axis = p.axis and c.labels = p.labels
    and c.embedder is not distinct from p.embedder and c.group_name = p.group_name and c.answer = p.group_name
where p.n_images > 0
order by p.system_version, p.audit, p.axis, p.labels desc, p.embedder, p.concept, p.group_name;
