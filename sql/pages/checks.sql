-- The newest result of every rule over one audit of a system version, what failed first.
select asset, table_name, rule, status, severity, success, checked, unexpected, observed, created_at
from quality_results
where audit = $audit and partition in ($version, '')
qualify row_number() over (partition by asset, table_name, rule order by version desc nulls last, created_at desc) = 1
order by success, severity, asset, table_name, rule;
