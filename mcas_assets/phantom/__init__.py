"""The phantom: a drawn world whose bias is known, and the small real models that are trained on it.

What an instrument measures on it can be held against the truth. What measures knows nothing of this package: the phantom's
generators and CLIPs are folders that load like any other, and its harder world is a kind of system (`systems.drawn`).
"""
