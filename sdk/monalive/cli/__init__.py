"""The `monalive` command. Its modules parse and print; the work is done by functions of the package."""

from monalive.cli.main import main

__all__ = ["main"]
