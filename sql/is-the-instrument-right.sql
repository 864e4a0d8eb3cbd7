-- How far is the measurement from a known truth, and which goals does it miss? Filled by `mcas calibrate`.
-- Empty until `mcas calibrate` has run in this home.
select kind, axis, embedder, name, value, low, high, goal, met, detail
from calibration
order by met nulls last, kind, axis, embedder, name;
