"""`python -m intake.cli`, for whoever starts a command from a program."""

import sys

from intake.cli import main

if __name__ == "__main__":
    sys.exit(main())
