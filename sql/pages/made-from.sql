-- The newest materialisation of every stage of one audit of a system version: what its numbers were made by.
select asset, version, code_version, data_version, git_commit, git_dirty, packages, n_rows, run_id, created_at
from materialisations
where audit = $audit and partition in ($version, '') and version <= $at
qualify row_number() over (partition by asset, partition order by version desc) = 1
order by version;
