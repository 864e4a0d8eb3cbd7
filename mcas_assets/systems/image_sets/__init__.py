"""Image sets made earlier, as they lie on the disk: one module a format, and what all formats share.

A reader (`folders`, `tree`, `parquet`, `webdataset`) gives the rows of a set in an order that does not change, one by one,
and the bytes of the images that are asked for; it judges nothing. What a row means is `mapping`, which images are taken
is `guards`, and what the set holds altogether is `manifest`. Nothing is ever written to a set.
"""
