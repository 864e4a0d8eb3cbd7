-- In how many universes of choices does a finding hold?
-- Would another embedder, template, half of the words or of the attribute prompts, baseline or threshold turn a concept round?
-- A universe is one combination of choices, made anew from stored vectors; `declared` is the value as the audit declares it.
-- `same_sign` is the part of the universes in which the concept leans to the same pole, `least_by` and `least_part` the choice that
-- keeps the sign least often, with that part. Values of embedders have units of their own: compare signs and ranks.
-- Every universe is a row of the table multiverse. A text prefix is no choice here: it would want texts embedded anew.
-- Empty until an audit has scored a concept: `mcas audit`.
with declared as (
    select system_version, audit, axis, measure, concept, value as declared, rank as declared_rank from multiverse where is_declared
), held as (
    select m.*, d.declared, d.declared_rank, sign(m.value) = sign(d.declared) as holds
    from multiverse m join declared d using (system_version, audit, axis, measure, concept)
    where m.value is not null and d.declared is not null
), choices as (
    select system_version, audit, axis, measure, concept, choice, avg(holds::int) as part
    from (
        select system_version, audit, axis, measure, concept, holds,
            unnest(['embedder ' || embedder, 'wording ' || wording, 'words ' || words, 'attribute prompts ' || attribute_prompts,
                    'threshold ' || threshold, 'baseline ' || baseline]) as choice
        from held
    )
    where choice is not null
    group by all
), least as (
    select system_version, audit, axis, measure, concept, arg_min(choice, (part, choice)) as least_by, min(part) as least_part
    from choices
    group by all
)
select
    system_version, audit, axis, measure, concept, any_value(declared) as declared, count(*) as universes,
    avg(holds::int) as same_sign, any_value(least_by) as least_by, any_value(least_part) as least_part,
    min(value) as smallest, median(value) as middle, max(value) as largest,
    any_value(declared_rank) as declared_rank, min(rank) as first_rank, max(rank) as last_rank
from held join least using (system_version, audit, axis, measure, concept)
group by system_version, audit, axis, measure, concept
order by system_version, audit, axis, measure, same_sign, concept;
