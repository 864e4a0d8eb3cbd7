"""People as raters: which images they are asked about and in which order, their answers in, out and back."""
