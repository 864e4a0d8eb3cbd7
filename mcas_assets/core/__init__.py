"""What everything else stands on: errors, outcomes, paths, progress. Imports nothing of ours."""
