-- What does a score depend on: the wording, the seed, the attribute prompts, images and words, or the embedder?
-- `spread` is the standard deviation of MCAS over single conditions (one wording, one seed); an audit averages over `n` of them,
-- which leaves `standard_error`. `part` is that source's part of the squared error of a concept's score. A spread of few degrees of
-- `freedom` is hardly known, which its interval shows, `spread_low` to `spread_high`. The first row of each axis and embedder,
-- concept, is what is to be told apart: no error.
-- With more images or wordings: `mcas plan`. An audit in several templates, such as phantom-wordings, tells the part of wording.
-- Empty until an audit has scored a concept: `mcas audit`.
select
    system_version, audit, axis, embedder, source, sqrt(variance) as spread, sqrt(variance_low) as spread_low,
    sqrt(variance_high) as spread_high, n, sqrt(error) as standard_error,
    error / nullif(sum(error) over (partition by system_version, audit, axis, embedder), 0) as part,
    freedom, common / nullif(variance, 0) as part_common_to_concepts, reason
from score_variances
order by system_version, audit, axis, embedder, source <> 'concept', error desc nulls last, source;
