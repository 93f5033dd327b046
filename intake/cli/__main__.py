"""`python -m intake.cli`: the same commands, for programs that start them."""

import sys

from intake.cli import main

# `intake serve` and the demo start their children this way: `intake` need not be on PATH.
if __name__ == "__main__":
    sys.exit(main())
