"""`python -m intake.cli`: the same commands for whoever starts them by the interpreter that already runs."""

import sys

from intake.cli import main

sys.exit(main())
