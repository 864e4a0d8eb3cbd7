"""From what is asked for to one row an image, whatever came of it: drawn, matched with a set, or drawn again."""
