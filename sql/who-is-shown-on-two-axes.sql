-- Who is shown on two axes at once, and who is not, concept by concept and over all concepts?
-- `share` is null for a pair of groups of fewer than 5 images, `high` is then the most that it can be; `impact_ratio` is the share by
-- that of the most shown pair, null also below 2 % of the images, and below four fifths for certain where `ratio_high` is.
-- Empty until an audit with two axes was run: `mcas audit`.
select
    system_version, audit, axis_1, axis_2, labels_1, labels_2, embedder, scope, concept, group_1, group_2,
    share, share_low as low, share_high as high, n_cell, n_counted, independent_share,
    impact_ratio, ratio_low, ratio_high, coalesce(ratio_high < 0.8, false) as is_below_four_fifths,
    coalesce(reason, ratio_reason) as reason
from intersections
order by
    system_version, audit, scope, axis_1, axis_2, labels_2 desc, labels_1 desc, embedder, concept, n_cell desc, group_1, group_2;
