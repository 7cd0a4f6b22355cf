"""What every file written says of itself: that it was made with AI.

The statement is IPTC's digital source type for composites that contain generated media, in XMP where the format has it,
and a plain sentence where people look first.
"""

from __future__ import annotations

from typing import Any, Final

from PIL.PngImagePlugin import PngInfo

SENTENCE: Final = "AI-made: a still picture animated with monalive"
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
XMP: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    f' Iptc4xmpExt:DigitalSourceType="{DIGITAL_SOURCE_TYPE}">'
    f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{SENTENCE}</rdf:li></rdf:Alt></dc:description>'
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
# Containers that FFmpeg writes: mp4 keeps "comment" and "description", webm keeps any.
CONTAINER_TAGS: Final = {"comment": f"{SENTENCE} ({DIGITAL_SOURCE_TYPE})", "description": SENTENCE}


def picture_options(kind: str) -> dict[str, Any]:
    """Options for Pillow's `save` that put the statement into a picture of format `kind`."""
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Comment", SENTENCE)
        info.add_itxt("XML:com.adobe.xmp", XMP)
        return {"pnginfo": info}
    if kind == "JPEG":
        return {"xmp": XMP.encode(), "comment": SENTENCE}
    return {"xmp": XMP.encode()} if kind == "WEBP" else {}


def gif_comment() -> bytes:
    """A GIF comment extension."""
    return b"!\xfe" + bytes([len(SENTENCE)]) + SENTENCE.encode("ascii") + b"\0"
