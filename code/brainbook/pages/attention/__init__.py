"""Pages of the section on attention."""
