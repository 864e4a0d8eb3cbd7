-- The identity document of a system version.
select system_version, system, identity, first_seen, last_audited, source
from systems
where system_version = $version;
