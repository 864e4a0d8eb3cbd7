"""Two versions, paired image by image: changes, their intervals, tests and verdicts."""
