"""Feature maps of the attention kernel: draws, laws, unbiased, tuned and learned."""
