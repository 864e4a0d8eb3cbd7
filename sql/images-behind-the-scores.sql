-- Which images stand behind each score? One row an image, the strongest scores first; path is relative to MCAS_HOME.
-- `mcas redraw` takes an image's digits.
-- Empty until an audit has scored a concept: `mcas audit`.
select
    s.system_version, s.audit, s.axis, s.embedder, s.concept, s.mcas, left(i.image_id, 12) as image, i.prompt, i.replicate, i.seed, i.outcome, i.path
from scores s
join images i on i.system_version = s.system_version and i.audit = s.audit and i.concept = s.concept
order by abs(s.mcas) desc nulls last, s.system_version, s.axis, s.concept, s.embedder, i.prompt, i.replicate;
