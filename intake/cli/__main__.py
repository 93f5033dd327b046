"""`python -m intake.cli`: the same commands, for programs that start them."""

import sys

from intake.cli import main

if __name__ == "__main__":
    sys.exit(main())
