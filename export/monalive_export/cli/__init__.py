"""The command line `monalive-export`, one module per command; they parse and print, the work is done elsewhere."""

from monalive_export.cli.main import main

__all__ = ["main"]
