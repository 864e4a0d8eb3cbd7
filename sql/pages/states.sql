-- How each declared system was last found, where it was looked at.
select system, state, detail, system_version, since, last_looked, shutdown_date
from system_states
qualify row_number() over (partition by system order by number desc) = 1
order by system;
