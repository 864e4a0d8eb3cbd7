-- What were the current scores made from? Every materialisation behind them, with code, packages and commit.
-- Empty until an audit has ended: `mcas audit`.
with recursive behind as (
    select m.version as scores_version, 0 as steps, m.version
    from materialisations m
    where m.version in (select max(version) from materialisations where asset = 'scores' group by partition, audit)
    union
    select behind.scores_version, behind.steps + 1, inputs.version
    from behind
    join materialisations made on made.version = behind.version
    cross join unnest(json_keys(made.input_versions)) as names(name)
    join materialisations inputs
        on inputs.asset = names.name
        and inputs.version = try_cast(json_extract_string(made.input_versions, '$."' || names.name || '"') as bigint)
)
select
    behind.scores_version, max(behind.steps) as steps_back, m.version, m.asset, m.partition, m.audit, m.n_rows,
    m.code_version, m.data_version, m.git_commit, m.git_dirty, m.packages, m.run_id, m.created_at
from behind
join materialisations m using (version)
group by all
order by behind.scores_version desc, steps_back, m.version desc;
