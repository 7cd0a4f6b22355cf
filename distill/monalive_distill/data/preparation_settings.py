"""What `prepare` can be asked for; kept apart because the command line shows it without loading torch."""

from typing import Final

# What a source holds: videos; pictures of people; pictures of people who do not exist.
SOURCE_KINDS: Final = ("clip", "stills", "synthetic")
# Two pictures of one person are alike to this CSIM (the London set's worst pair: .952). Edits of synthetic people often
# make somebody else of them, of another sex at times.
SAME_PERSON: Final = 0.95
