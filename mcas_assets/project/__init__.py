"""A folder of a person's own: how it is made, and the schemas by which an editor reads its files."""
