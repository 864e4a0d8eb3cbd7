"""What a local or hub pipeline is, told by reading its files, and how it is loaded and asked."""
