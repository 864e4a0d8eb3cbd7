"""Text-to-image systems under audit: one file a kind, the protocol that all follow, and how one is found by name."""
