"""Published energies of networks, recomputed."""
