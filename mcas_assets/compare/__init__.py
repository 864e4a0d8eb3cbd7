"""Two versions of a system against each other, image by image of one prompt and seed: scores, shares, refusals, factors."""
