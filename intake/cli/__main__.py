"""`python -m intake.cli`: the same commands for whoever starts them from a program."""

import sys

from intake.cli import main

if __name__ == "__main__":
    sys.exit(main())
