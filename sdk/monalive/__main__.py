"""`python -m monalive` is the `monalive` command."""

import sys

from monalive.cli.main import main

sys.exit(main())
