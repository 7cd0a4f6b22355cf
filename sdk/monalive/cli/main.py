"""Entry point of the `monalive` command: which commands there are."""

from __future__ import annotations

from typing import Final

from monalive.cli.command_line import Command, CommandLine

COMMAND_LINE: Final = CommandLine(
    "monalive",
    "Animates a photo of a face with the motion of a video, a picture, a camera or a named motion.",
    {
        "animate": Command("make a video of a photo", "monalive.cli.animate"),
        "ui": Command("animate photos in the browser", "monalive.cli.ui"),
        "verify": Command("check whether a file was made with monalive, and changed since", "monalive.cli.verify"),
        "motion": Command("list named motions, or take one from a video or from speech", "monalive.cli.motion"),
        "info": Command("what is installed, and what a file holds", "monalive.cli.info"),
        "doctor": Command("what works on this machine", "monalive.cli.doctor", tells_of_opencv=True),
        "bench": Command("measure the speed on this machine", "monalive.cli.bench"),
        "live": Command("let a camera or a microphone drive a photo", "monalive.cli.live"),
    },
    hushed=True,
)

main = COMMAND_LINE.main
