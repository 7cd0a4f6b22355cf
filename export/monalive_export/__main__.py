"""`python -m monalive_export`."""

import sys

from monalive_export.cli.main import main

sys.exit(main())
