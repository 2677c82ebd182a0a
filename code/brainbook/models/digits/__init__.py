"""Networks that read digits: how they are trained, perceptron, spiking, transformer."""
