-- Does a system answer otherwise in another language? The same request in each, which embedders are shown by the same text.
-- `differs` is the score less the mean over the languages of that request; where two intervals of one request do not overlap, the
-- language has moved the score. Scores are as they are, before any zero point, which all languages share. `n_languages` were scored.
-- Empty unless an audit tells the languages of its prompts, as `languages` does: mcas audit languages.
with spoken as (
    select distinct audit, text, language, concept from texts where kind = 'prompt' and language is not null
)
select
    system_version, audit, axis, embedder, text as request, language, concept, n_images, mcas, mcas_low, mcas_high,
    mcas - avg(mcas) over of_request as differs,
    count(mcas) over of_request as n_languages
from scores join spoken using (audit, concept)
window of_request as (partition by system_version, audit, axis, embedder, text)
order by system_version, audit, axis, embedder, request, language, concept;
