"""The command line `monalive-distill`, one module per command."""
