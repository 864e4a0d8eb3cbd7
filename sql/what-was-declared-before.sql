-- Which results were declared before the first image (confirmatory), which not (exploratory), and why not?
-- One row for each current result of a system version: scores, other stages, and what policies say. `declared` names what it
-- was made by, and `on_record_since` when the last of these was on record.
-- Empty until something was audited: `mcas audit`.
with of_result as (
    select m.partition as system_version, m.audit, m.asset, m.version, m.created_at, unnest(m.declarations) as digest
    from materialisations m
    where m.version in (select max(version) from materialisations group by asset, partition, audit)
), noted as (
    select system_version, digest, any_value(kind) as kind, any_value(name) as name, min(noted_at) as noted_at
    from declarations group by all
)
select
    r.system_version, r.audit, r.asset, s.standing, s.standing_reason,
    string_agg(n.kind || ' ' || n.name, ', ' order by n.kind) as declared, max(n.noted_at) as on_record_since,
    r.created_at as made_at
from of_result r
left join noted n using (system_version, digest)
left join standings s using (version)
group by all
order by r.system_version, r.audit, r.asset;
