-- Whose doing a change is: the share of each factor that was recombined, and what differed and could not be.
-- Empty until a change was attributed: `mcas attribute BEFORE AFTER`.
select audit, before, after, axis, embedder, factor, share, share_low, share_high, reason
from attributions
where concept is null
union all
select f.audit, f.before, f.after, null, null, f.kind || ': ' || f.factor, null, null, null, f.reason
from comparison_factors f
where not f.is_replayable and exists (
    select 1 from attributions a where a.before = f.before and a.after = f.after and a.audit = f.audit
)
order by all
