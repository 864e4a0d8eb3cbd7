"""Labellers: what tells the perceived group in an image, one file a kind. Perceived presentation is told, nobody's identity."""
