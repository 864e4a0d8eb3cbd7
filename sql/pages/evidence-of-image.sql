-- What labellers that look at images say that they saw in one, on every axis: of each the newest answer.
select l.axis, l.name as labels, f.label, f.evidence
from label_facts f join labellers l using (labeller)
where f.sha256 = $sha256 and f.evidence is not null
qualify row_number() over (partition by l.axis, l.name, f.label order by f.created_at desc, l.labeller) = 1;
