"""Embedders, the instruments of the audit: one file a kind, the protocol that all follow, and how one is found by name."""
