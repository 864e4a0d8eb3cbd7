-- Does every check hold? The newest result of each rule, what failed first.
-- Empty until an audit has ended: `mcas audit`.
select
    q.status, q.severity, q.table_name, q.rule, q.unexpected, q.checked, q.observed, q.sample, q.asset, q.audit, q.partition,
    q.version, q.created_at
from quality_results q
qualify row_number() over (
    partition by q.asset, q.table_name, q.partition, q.audit, q.rule order by q.version desc nulls last, q.created_at desc
) = 1
order by q.success, q.severity, q.asset, q.table_name, q.partition, q.audit, q.rule;
