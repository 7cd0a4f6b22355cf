"""Files signed as other tools would: any statement, on any ingredients."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import Any, Final

import c2pa
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.trust.content_credentials import library_context
from monalive.trust.credential import local

CREATED: Final = {
    "label": "c2pa.actions.v2",
    "data": {
        "actions": [
            {
                "action": "c2pa.created",
                "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
            }
        ]
    },
}
OPENED: Final = {
    "label": "c2pa.actions.v2",
    "data": {"actions": [{"action": "c2pa.opened", "parameters": {"ingredientIds": ["used"]}}]},
}


def png(image: NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 3) uint8 RGB as PNG."""
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "PNG")
    return encoded.getvalue()


def sign(
    content: bytes, assertions: Sequence[Any], *, tool: str = "other tool", used: bytes = b"", how: str = "parentOf"
) -> bytes:
    """A PNG file's content signed by a tool of that name, made from the PNG file `used` (empty: from none)."""
    manifest = {
        "claim_generator_info": [{"name": tool, "version": "1"}],
        "format": "image/png",
        "assertions": list(assertions),
    }
    signed = io.BytesIO()
    with local().signer() as signer, c2pa.Builder(manifest, context=library_context(os.getpid())) as builder:
        if used:
            ingredient = {"title": "used", "relationship": how, "label": "used", "instance_id": "used"}
            builder.add_ingredient(ingredient, "image/png", io.BytesIO(used))
        builder.sign(signer, "image/png", io.BytesIO(content), signed)
    return signed.getvalue()
