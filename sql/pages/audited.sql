-- The system versions that each audit has scores of, in the order in which it first had them.
select
    audit, regexp_replace(partition, '@[^@]*$', '') as system, partition as system_version,
    min(version) as first_version, max(version) as version, min(created_at) as first_audited, max(created_at) as last_audited
from materialisations
where asset = 'scores' and version <= $at
group by audit, partition
order by audit, first_version;
