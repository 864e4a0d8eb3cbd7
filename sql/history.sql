-- How has each score moved over its versions? One row a version, with the change since the one before it.
-- Empty until an audit has scored a concept: `mcas audit`.
select
    s.system, s.system_version, s.audit, s.axis, s.embedder, s.concept, s.version, m.created_at, m.code_version,
    s.n_images, s.mcas,
    s.mcas - lag(s.mcas) over previous as change,
    m.data_version is distinct from lag(m.data_version) over previous as is_new_data
from scores_history s
join materialisations m using (version)
window previous as (
    partition by s.system_version, s.audit, s.axis, s.embedder, s.concept order by s.version
)
order by s.system_version, s.audit, s.axis, s.embedder, s.concept, s.version;
