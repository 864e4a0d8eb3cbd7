"""The subcommands of `mcas`, a few related ones a file. `app` puts them together and tells their errors.

Heavy libraries are imported inside the functions: a command that needs none answers at once.
"""
