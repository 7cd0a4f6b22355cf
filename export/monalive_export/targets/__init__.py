"""Graphs to files: LiteRT, Core ML, ONNX."""
