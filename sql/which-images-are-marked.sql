-- Which delivered images say who made them (C2PA), and does that hold? One row a system version; valid is no word on whom to trust.
-- Empty until an image was delivered: `mcas audit`. `read` counts those that were looked at, for which the extra provenance is needed.
with given as (
    select distinct system_version, sha256 from image_facts where sha256 is not null
), newest as (
    from mark_facts qualify row_number() over (partition by sha256 order by created_at desc, reader) = 1
)
select
    system_version, count(*) as images, count(has_mark) as read, count(*) filter (has_mark) as marked, count(*) filter (is_valid) as valid,
    marked / nullif(read, 0) as share_marked, valid / nullif(read, 0) as share_valid,
    string_agg(distinct issuer, ', ' order by issuer) filter (is_valid) as issuers,
    string_agg(distinct regexp_extract(source_type, '[^/]*$'), ', ' order by regexp_extract(source_type, '[^/]*$')) filter (is_valid) as source_types,
    string_agg(distinct reason, '; ' order by reason) as reasons
from given
left join newest using (sha256)
group by system_version
order by share_valid nulls last, system_version;
