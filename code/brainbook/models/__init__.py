"""The mechanisms that the book compares; several pages use each."""
