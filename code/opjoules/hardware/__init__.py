"""What an operation costs on which hardware, with sources."""
