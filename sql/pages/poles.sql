-- The words that describe the poles of each axis of an audit, in the order in which they were declared.
select axis, pole, raw
from texts_as_of($at)
where audit = $audit and kind = 'word';
