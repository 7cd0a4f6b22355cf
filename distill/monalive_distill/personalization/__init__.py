"""One person's own lightweight generator, from their photos."""
