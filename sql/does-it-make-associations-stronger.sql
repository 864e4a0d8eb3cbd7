-- Does a system make the associations of a population stronger (above 0), keep them (0) or undo them (below 0), over all concepts?
-- A concept is associated with a group of which the population holds more there than over all concepts; `mean` is over concepts of how
-- far the group's share is above the population's (Wang and Russakovsky 2021). `is_shown` says whether the interval leaves out 0.
-- Each concept's part, with its interval: column directional of amplification.
-- Empty until an audit whose file names populations has counted images: `mcas audit`.
select
    system_version, audit, axis, labels, embedder, population, measure, mean, low, high, low > 0 or high < 0 as is_shown,
    n_concepts, is_weighted, n_images, n_effective, estimand, coalesce(reason, note) as reason
from mean_amplification
order by system_version, audit, axis, labels desc, embedder, population, measure;
