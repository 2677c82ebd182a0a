"""Softmax attention, the heads and texts of MiniLM, and what depth does to ranks."""
