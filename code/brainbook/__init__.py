"""Transformers and the Brain: the code behind the book.

Imports go one way: ``press -> pages -> models, energy -> evidence``.
"""

__version__ = "0.1.0"
