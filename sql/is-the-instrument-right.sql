-- How far is the measurement from a known truth, and which goals does it miss? Filled by `mcas calibrate`.
-- Empty until `mcas calibrate` has run in this home.
-- Goals that are missed for no known reason come first; a cell is a share and a number of images.
select kind, axis, embedder, name, value, low, high, goal, met, reason, detail
from calibration
order by met nulls last, reason nulls first, kind, axis, embedder, name;
