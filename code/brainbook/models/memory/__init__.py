"""Associative memories: classical, dense, modern, with an astrocyte, by nearest neighbours."""
