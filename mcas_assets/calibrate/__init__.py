"""The instrument held against the phantom, whose truth is known: recovery, coverage, false alarms and controls."""
