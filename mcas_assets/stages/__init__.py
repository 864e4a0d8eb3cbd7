"""The stages of an audit, what each reads of the declarations, and whether its result is current."""
