"""Texts to vectors: the model's weights, its ONNX export, and what it reads of a Japanese question."""
