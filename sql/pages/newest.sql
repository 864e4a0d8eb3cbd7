-- The newest version of the ledger, and when it was written.
select coalesce(max(version), 0) as at, max(created_at) as made_at
from materialisations;
