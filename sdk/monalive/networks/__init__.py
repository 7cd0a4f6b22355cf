"""Networks on whatever runtime fits: LiteRT, ONNX Runtime, Core ML."""
