"""MCAS Assets: the standing audit of text-to-image models."""
