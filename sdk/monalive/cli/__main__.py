"""`python -m monalive.cli`, for where the command is not on the path."""

import sys

from monalive.cli.main import main

sys.exit(main())
