"""A painter, and an eye for colours."""
