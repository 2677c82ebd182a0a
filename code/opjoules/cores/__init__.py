"""A network on a grid of cores: mapping, traffic, cost."""
