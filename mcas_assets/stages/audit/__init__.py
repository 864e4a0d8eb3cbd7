"""The stages of an audit, one a file: what each makes, of what, and what must hold of it."""
