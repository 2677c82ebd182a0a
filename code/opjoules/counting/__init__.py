"""Counting the operations of one real pass."""
