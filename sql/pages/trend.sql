-- The scores of one concept over the versions of a system, or the mean of all concepts where none is named.
select system_version, embedder, adjusted, adjusted_low, adjusted_high, is_flagged, n_images
from scores_as_of($at)
where audit = $audit and system = $system and axis = $axis and concept = $concept
union all
select system_version, embedder, mean_adjusted, adjusted_low, adjusted_high, null, n_images
from mean_scores_as_of($at)
where $concept is null and audit = $audit and system = $system and axis = $axis;
