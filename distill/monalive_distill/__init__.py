"""Training, distillation and evaluation of monalive's models, in PyTorch."""
