-- The embedders whose vectors one audit of a system version used, with their identity documents.
select embedder, name, dim, identity, first_seen
from embedders
where embedder in (select embedder from embeddings_as_of($at) where audit = $audit and system_version = $version)
order by name, embedder;
