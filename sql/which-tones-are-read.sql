-- Which skin tones are read in photographs, on which scale, under which light, and of whom is none read?
-- Of labellers of kind `portrait`, by what was asked for. A group of which more is unread than of another is counted too seldom:
-- corrected shares put that right (mcas sql how-labels-err). Monk runs from 1 (lightest) to 10, PERLA to 11, ITA is high where light;
-- medians of what was read. `as_shown` is without dividing out the light, `light_cast` its mean distance from grey in degrees.
-- Empty unless an audit names a labeller of kind portrait: docs/how-to/label-with-another-instrument.md.
with told as (
    select
        l.name as labels, l.axis as of_axis, f.sha256, f.raw ->> '$.reason' as reason,
        nullif((f.raw ->> '$.monk')::integer, 0) as monk, nullif((f.raw ->> '$.monk_as_shown')::integer, 0) as monk_as_shown,
        (f.raw ->> '$.perla')::integer as perla, (f.raw ->> '$.ita')::double as ita, (f.raw ->> '$.cast')::double as light_cast
    from label_facts f join labellers l using (labeller)
    where json_exists(f.raw, '$.monk')
)
select
    i.system_version, i.audit, t.labels, t.of_axis as axis, i.role, coalesce(i.concept, i.axis || ': ' || i.pole) as asked_for,
    count(*) as n_images, count(*) filter (t.monk is null) as n_unread,
    string_agg(distinct t.reason, '; ' order by t.reason) as unread_for,
    median(t.monk) as monk, median(t.monk_as_shown) filter (t.monk is not null) as as_shown, median(t.perla) as perla,
    median(t.ita) as ita, avg(t.light_cast) as light_cast
from images i join image_facts f using (image_id) join told t on t.sha256 = f.sha256
where i.outcome = 'ok'
group by all
order by i.system_version, i.audit, labels, axis, i.role, asked_for;
