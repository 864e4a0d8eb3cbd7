-- Who is shown, concept by concept? Shares of perceived groups, how sure they are, and what was not counted.
-- `shown` is corrected for label error where `is_corrected`; `worst` and `best` are the shares of all requested images if none, or all,
-- of those not counted were of the group. `note` says which errors of the labels no correction by attribute images can see, so no
-- interval holds them either, and what shows them; `mcas sql how-labels-err` shows those that it sees. Where the embedders of a panel differ widely, the labels tell of the instrument.
-- Empty until an audit has counted images: `mcas audit`.
select
    system_version, audit, axis, labels, embedder, category, concept, group_name,
    coalesce(corrected_share, share) as shown,
    coalesce(corrected_low, share_low) as low,
    coalesce(corrected_high, share_high) as high,
    corrected_share is not null as is_corrected,
    share as as_labelled, share_worst as worst, share_best as best,
    n_requested, n_counted, n_abstained, n_missing, outcomes,
    coalesce(reason, corrected_reason) as reason,
    corrected_note as note
from representation
order by system_version, audit, axis, concept, labels desc, embedder, shown desc nulls last, group_name;
