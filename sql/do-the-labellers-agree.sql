-- Do the labellers agree? Alpha of each two of them, image by image, people among them, and where their shares differ most.
-- alpha counts 'no group' as an answer, told_alpha takes it for a missing one: 1 is agreement, 0 what chance gives, below .667 little
-- rests on either (Krippendorff). same_rate is of the images that both tell a group of. gap is the widest between their shares of a group
-- in a concept, gap_on; corrected_gap that between corrected shares, on whichever concept. Agreement is no proof: labellers may err alike;
-- how-labels-err says how each errs.
-- Empty where one labeller tells an axis: name more under labellers: of the audit.
with gaps as (
    select
        a.system_version, a.audit, a.axis, a.labels as labels_1, a.embedder as embedder_1, b.labels as labels_2,
        b.embedder as embedder_2, max(abs(a.share - b.share)) as gap,
        arg_max(a.concept || ': ' || a.group_name, abs(a.share - b.share)) as gap_on,
        max(abs(a.corrected_share - b.corrected_share)) as corrected_gap
    from representation a join representation b using (system_version, audit, axis, concept, group_name)
    group by all
)
select
    g.system_version, g.audit, g.axis,
    coalesce(g.labels_1, 'all ' || g.n_labellers) as labeller, g.embedder_1 as embedder,
    g.labels_2 as other, g.embedder_2 as others_embedder, g.alpha, g.alpha_low, g.alpha_high, g.told_alpha, g.told_low, g.told_high,
    g.n_same / nullif(g.n_told, 0) as same_rate, g.n_images, g.n_told, w.gap, w.gap_on, w.corrected_gap,
    coalesce(g.reason, g.told_reason) as reason
from labeller_agreement g
left join gaps w
    on w.system_version = g.system_version and w.audit = g.audit and w.axis = g.axis and w.labels_1 = g.labels_1
    and w.embedder_1 is not distinct from g.embedder_1 and w.labels_2 = g.labels_2
    and w.embedder_2 is not distinct from g.embedder_2
order by g.system_version, g.audit, g.axis, g.n_labellers desc, g.told_alpha, labeller, embedder, other, others_embedder;
