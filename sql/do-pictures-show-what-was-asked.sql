-- Do the pictures show what was asked for, as well for one group as for another, and how unlike each other are they?
-- `first_share` is the part of the images to which no other concept's text is nearer: 1 divided by the number of concepts by chance.
-- `difference` is by how much the images of a group are nearer to their prompt than others of the same concepts. `vendi` is the
-- effective number of images: of a concept whose images are all alike it is 1. Alignment compares within one embedder only.
-- Empty until an audit has ended: `mcas audit`.
select
    a.system_version, a.audit, a.embedder, a.scope, a.concept, a.axis, a.labels, a.group_name, a.n_images,
    a.alignment, a.alignment_low, a.alignment_high, a.first_share, a.difference, a.difference_low, a.difference_high,
    d.similarity, d.vendi, coalesce(a.reason, a.difference_reason, d.reason) as reason
from alignment a
left join diversity d using (system_version, audit, embedder, concept)
order by
    a.system_version, a.audit, a.embedder, a.scope = 'concept', a.scope, a.first_share nulls last, a.alignment, a.concept, a.axis,
    a.labels, a.group_name;
