"""Driving motions: from videos, from `.motion` files, and the built-in ones."""
