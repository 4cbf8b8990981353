"""Send plays to a Unison server: invented listeners, or a file of real ones. Try --help."""

import sys

try:
    from seed.cli import main
except ModuleNotFoundError as missing:
    sys.exit(f"{missing.name} is not installed; in the project's folder run: pip install -e '.[seed]'")

if __name__ == "__main__":
    main()
