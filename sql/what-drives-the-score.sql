-- Which component drives each score, and how much of it can differ between systems at all (mcas without ttas)?
-- Empty until an audit has scored a concept: `mcas audit`.
select
    system, system_version, audit, axis, embedder, concept, mcas, differing, ttas,
    case greatest(abs(iias), abs(itpas), abs(itaas), abs(ttas))
        when abs(iias) then 'iias' when abs(itpas) then 'itpas' when abs(itaas) then 'itaas' when abs(ttas) then 'ttas'
    end as largest,
    iias, itpas, itaas
from scores
where mcas is not null
order by abs(differing) desc, system_version, axis, concept, embedder;
