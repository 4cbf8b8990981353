"""`unison seed` for a checkout: send plays to a Unison server. Try --help."""

import sys

try:
    from webapp.seed.cli import main
except ModuleNotFoundError as missing:
    sys.exit(f"{missing.name} is not installed; in the project's folder run: pip install -e .")

if __name__ == "__main__":
    main()
