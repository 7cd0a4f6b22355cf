"""A photo and a driver to files and live windows."""
