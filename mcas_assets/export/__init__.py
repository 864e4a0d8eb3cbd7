"""What is handed over: evidence that can be checked without this home, records in the field's formats, sets of images."""
