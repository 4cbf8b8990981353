# shellcheck shell=sh
# Sets $python to a Python that is new enough, or ends with a sentence that says what is missing.
python=
for candidate in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    found=$(python3 --version 2>/dev/null) || true
    echo "$0: Unison needs Python 3.11 or newer, and PATH has ${found:-no python3}: install one, or name it with PYTHON=..." >&2
    exit 1
fi
