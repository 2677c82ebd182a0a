"""What the brain spends, and what physics allows."""
