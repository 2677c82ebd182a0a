"""From the table of contents to executed notebooks to HTML."""
