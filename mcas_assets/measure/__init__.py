"""From images and texts to numbers, one file a family of tables. The arithmetic is in scoring/."""
