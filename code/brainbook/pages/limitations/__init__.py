"""Pages of the section on limitations."""
