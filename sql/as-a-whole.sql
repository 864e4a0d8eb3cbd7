-- Does a system lean as a whole, over all concepts of an axis, and how much are its images worth?
-- Images that share seeds err alike: `n_effective` is how many that share none would give the mean as surely. `is_shown` says
-- whether the interval of the adjusted mean excludes zero; it speaks of other seeds with the same prompts.
-- Empty until an audit has scored a concept: `mcas audit`.
select
    system, system_version, audit, axis, embedder, n_concepts, mean_mcas, mean_adjusted, adjusted_low, adjusted_high,
    adjusted_low > 0 or adjusted_high < 0 as is_shown, n_images, n_effective, estimand, reason
from mean_scores
order by system_version, audit, axis, embedder;
