"""Coverage-guided fuzzing of the readers of bundles, .motion files and portraits (`pip install monalive[fuzz]`).

    python benchmarks/fuzz_parsers.py --seconds 600 -o benchmarks/fuzzing.json

Each reader is fed what libFuzzer makes of small valid files. Anything but a result or a clear error ends the run; the
input that did it is kept beside the output.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
READERS = ("bundle", "motion", "portrait")


def fuzz(kind: str, arguments: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["monalive"]):
        from parsers import ALLOWED, PARSERS

    def once(content: bytes) -> None:
        with contextlib.suppress(*ALLOWED):
            PARSERS[kind](content)

    atheris.Setup([kind, *arguments], once)
    atheris.Fuzz()


def run(kind: str, seconds: int, keep: Path) -> dict[str, int | bool]:
    """One reader in a process of its own."""
    from parsers import seeds

    with tempfile.TemporaryDirectory() as corpus:
        (Path(corpus) / "seed").write_bytes(seeds()[kind])
        limits = [f"-max_total_time={seconds}", "-max_len=20000", "-rss_limit_mb=2048", "-print_final_stats=1"]
        command = [sys.executable, __file__, "--reader", kind, *limits, f"-artifact_prefix={keep}/{kind}-", corpus]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        text = done.stdout + done.stderr
        units = re.search(r"number_of_executed_units:\s*(\d+)", text)
        found = re.findall(r"cov: (\d+)", text)
        if done.returncode:
            print(text[-3000:], file=sys.stderr)
        return {
            "seconds": seconds,
            "inputs": int(units[1]) if units else 0,
            "edges_covered": int(found[-1]) if found else 0,
            "clean": done.returncode == 0,
        }


def main() -> None:
    """Fuzzes each reader in turn and writes what was tried."""
    if sys.argv[1:2] == ["--reader"]:
        fuzz(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="for each reader")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    results = {kind: run(kind, arguments.seconds, arguments.output.resolve().parent) for kind in READERS}
    arguments.output.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
