-- What moved between versions of a system: one row for each version and kind of factor that differs from the one before.
select after as system_version, kind, string_agg(distinct factor, ', ' order by factor) as factors
from comparison_factors_as_of($at)
where audit = $audit and system = $system and is_predecessor
group by after, kind
order by after, kind;
