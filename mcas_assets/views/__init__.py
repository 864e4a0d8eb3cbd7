"""What is printed: tables, bars and numbers of the terminal."""
