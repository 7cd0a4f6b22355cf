"""What a user asks for with one word; apart from the exporter, so that the command line shows it without torch."""

from typing import Final

PRECISION_GROUPS: Final = {"fp32": ("fp32",), "fp16": ("fp16",), "int8": ("int8", "int8-static", "palette6")}
