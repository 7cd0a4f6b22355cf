"""`python -m monalive_distill`, for torchrun."""

import sys

from monalive_distill.cli.main import main

sys.exit(main())
