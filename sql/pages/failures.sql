-- Blocking rules that the newest results say do not hold, by audit and version.
select audit, partition as system_version, asset, rule, unexpected, checked, created_at
from (
    from quality_results
    qualify row_number() over (
        partition by asset, partition, audit, table_name, rule order by version desc nulls last, created_at desc
    ) = 1
)
where not success and severity = 'critical'
order by created_at desc, audit, system_version, rule
limit 50;
