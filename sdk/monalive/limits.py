"""How much is taken on unless something else is asked for. Imports nothing that is slow to load."""

from typing import Final

# Longest side, in pixels, of photos as they are worked on.
LONGEST_SIDE: Final = 1920
# Faces that are taken from a picture, or come into question as drivers.
MAX_FACES: Final = 16
