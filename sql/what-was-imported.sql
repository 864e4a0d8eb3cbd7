-- What of an imported image set counts, for which prompt of the audit, and what does not? The largest of each kind first.
-- Empty until an image set was audited: `mcas audit AUDIT --system NAME` with `kind: imported`.
with uses as (
    -- A prompt that stands in several roles is still one prompt of the set, with the same records.
    select
        system_version, audit, match, set_prompt, prompt, detail, any_value(n_records) as records, any_value(n_ok) as given,
        any_value(outcomes) as outcomes,
        list_sort(list(distinct coalesce(axis || ' ' || pole, concept)) filter (role is not null)) as counts_for
    from import_account
    group by system_version, audit, match, set_prompt, prompt, detail
)
select system_version, audit, match, set_prompt, prompt, counts_for, records, given, outcomes, detail
from uses
order by
    system_version, audit,
    list_position(
        ['declared', 'exact', 'normalised', 'rewritten', 'lacking', 'unmatched', 'further', 'promptless', 'filtered', 'unlisted'],
        match
    ),
    records desc, set_prompt, prompt, detail;
