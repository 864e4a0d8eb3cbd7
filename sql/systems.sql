-- Which system versions are known, when were they seen and audited, and how many images are kept of each?
-- Empty until a system was looked at: `mcas audit`, or `mcas watch`.
select
    s.system, s.system_version, s.first_seen, s.last_audited,
    count(f.image_id) as n_requests, count(f.image_id) filter (f.outcome = 'ok') as n_images, sum(f.bytes)::bigint as n_bytes, s.identity
from systems s
left join image_facts f using (system_version)
group by all
order by s.system, s.first_seen, s.system_version;
