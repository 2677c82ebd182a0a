"""What a page stands on: claims, facts, results, data sets, pretrained weights, figure style."""
