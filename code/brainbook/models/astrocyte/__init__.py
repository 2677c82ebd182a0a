"""The circuit of neurons and one astrocyte: attention written in synapses, and its errors."""
