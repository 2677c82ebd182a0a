"""Learning rules, biological ones and backpropagation, and how networks train with them."""
