"""Telling people what happened: the words for it, and sending them, each once and not too often."""
