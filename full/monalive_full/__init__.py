"""monalive's full-size networks: a file, which `monalive` finds by this package's name."""
