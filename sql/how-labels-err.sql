-- How do the labels err? What each labeller answers on the attribute images of a group, whose prompt says the group.
-- A group with a higher rate of 'no group' than another is counted too seldom; corrected shares put that right. An image that shows
-- something else than its prompt asked for counts here as an error of the labeller, and concepts may be harder to read than these.
-- Empty until an audit has ended: `mcas audit`.
select
    system_version, audit, axis, labels, embedder, group_name as asked_for, answer, n_images, n_known, rate, reason
from confusion
order by system_version, audit, axis, labels desc, embedder, asked_for, answer = 'no group', answer;
