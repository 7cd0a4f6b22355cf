"""The command line `monalive-distill`, one module per command; they parse and print, the work is done elsewhere."""

from monalive_distill.cli.main import main

__all__ = ["main"]
