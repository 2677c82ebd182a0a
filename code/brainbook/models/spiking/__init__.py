"""Spike codes, and the conversion of networks into spikes."""
