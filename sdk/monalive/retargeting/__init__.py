"""A driver's motion carried over to another face."""
