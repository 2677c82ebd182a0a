"""From counts to joules, under every accounting scheme."""
