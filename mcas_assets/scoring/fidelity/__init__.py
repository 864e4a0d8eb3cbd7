"""Whether pictures are any good beside being fair: how unlike each other they are, and whether they show what was asked for."""
