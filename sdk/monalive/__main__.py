"""`monalive` and `python -m monalive`: the command line, loaded where Ctrl-C is already answered."""

import sys


def main() -> int:
    """Runs the command line of this process and returns its exit code."""
    try:
        from monalive.cli.main import main as run

        return run()
    except KeyboardInterrupt:  # before the command line could say so itself
        print("monalive: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
