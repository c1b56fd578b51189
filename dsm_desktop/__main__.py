"""`python -m dsm_desktop`."""

from __future__ import annotations

import sys


def main() -> int:
    """The program. Imported late, so that a child process of the runner pays only for what it uses."""
    from dsm_desktop.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
