"""Entry point of the `monalive-export` command: which commands there are."""

from __future__ import annotations

from typing import Final

from monalive.cli.command_line import Command, CommandLine

COMMAND_LINE: Final = CommandLine(
    "monalive-export",
    "Exports trained weights to phones and the web. Without a command, it runs `export`: `monalive-export WEIGHTS`.",
    {
        "export": Command("export weights to checked files and bundles", "monalive_export.cli.export", "export"),
        "report": Command("plot size, speed and quality of an export", "monalive_export.cli.report", "export"),
    },
    default="export",
    interrupted="interrupted; files already listed are complete",
)

main = COMMAND_LINE.main
