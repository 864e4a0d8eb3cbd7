-- The embedders that an audit used of a system version, with the length of their vectors.
select distinct e.embedder, e.name, e.dim
from embeddings_as_of($at) v
join embedders e using (embedder)
where v.audit = $audit and v.system_version = $version
order by e.name, e.embedder;
