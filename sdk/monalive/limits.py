"""How much is taken on unless something else is asked for. Imports nothing that is slow to load."""

from typing import Final, Literal

# Longest side, in pixels, of photos as they are worked on.
LONGEST_SIDE: Final = 1920
# Faces that are taken from a picture, or come into question as drivers.
MAX_FACES: Final = 16
# Which networks draw: those that come with the package, or with the full-size ones of another package (`full_model`).
Model = Literal["default", "full"]
MODELS: Final[tuple[Model, ...]] = ("default", "full")
