"""Compare a bench of this checkout with the same bench of another one, in turns.

    git clone . ../before && cd ../before && git checkout COMMIT && scripts/test lint
    .venv/bin/pip install --require-hashes -r requirements/bench.txt && cd -
    python scripts/bench/turns.py ../before -- matcher.py
    python scripts/bench/turns.py ../before --pairs 9 -- fanout.py --viewers 1000 --only unison

Each checkout runs its own bench on its own server, with the Python of its `.venv`. A pair is one run of each; which one
is first alternates. The numbers of a line are compared with those of the line that has the same words in the other
output, and in a table the same first column; where several lines have these, in their order. This script's table shows,
for each such number, the median of both, and the median over the pairs of ours divided by theirs. It shows every
number, costs and loads alike: the bench's own help says which is which.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import machine

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
VERDICT = re.compile(r": (met|missed)$")
COLUMNS = re.compile(r"\s{2,}")
Figures = dict[tuple[str, int, int], float]
"""By a line's words, how often they came before, and the number's place in the line."""


def figures(output: str) -> Figures:
    """Return all numbers."""
    found: Figures = {}
    before = Counter[str]()
    for words, numbers in map(_words_and_numbers, output.splitlines()):
        for place, number in enumerate(numbers):
            found[words, before[words], place] = float(number.replace(",", ""))
        before[words] += 1
    return found


def _words_and_numbers(line: str) -> tuple[str, list[str]]:
    """Split a line into its words, with # for numbers, and its numbers; the first column of a table is words."""
    first, *others = COLUMNS.split(line.strip())
    label, text = (f"{first} ", " ".join(others)) if others else ("", first)
    return label + VERDICT.sub("", NUMBER.sub("#", text)), NUMBER.findall(text)


def run(checkout: Path, bench: Sequence[str]) -> Figures:
    """Run a checkout's bench and return its numbers; a missed goal does not end it.

    Raises:
        SystemExit: it ended without a number.
    """
    command: list[str | Path] = [
        checkout / ".venv" / "bin" / "python",
        checkout / "scripts" / "bench" / bench[0],
        *bench[1:],
    ]
    ended = subprocess.run(command, cwd=checkout, stdout=subprocess.PIPE, text=True, check=False)
    if found := figures(ended.stdout):
        return found
    raise SystemExit(f"{' '.join(map(str, command))} printed no figures and ended with {ended.returncode}")


def report(ours: Sequence[Figures], theirs: Sequence[Figures]) -> Iterable[str]:
    """Return the table's lines: the medians of both, and the median ratio over the pairs."""
    for key in ours[0]:
        pairs = [(one[key], other[key]) for one, other in zip(ours, theirs, strict=True) if key in one and key in other]
        if len(pairs) == len(ours) and all(other for _, other in pairs):
            here, there = (median(each) for each in zip(*pairs, strict=True))
            ratio, (words, _, place) = median(one / other for one, other in pairs), key
            yield f"{here:12,.2f}{there:12,.2f}{ratio:8.3f}   {words.rstrip('# ')} [{place + 1}]"


def main() -> int:
    """Run the pairs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="the other checkout")
    parser.add_argument("--pairs", type=int, default=9, help="runs of each (9)")
    parser.add_argument("bench", nargs="+", help="after --: a file of scripts/bench and its arguments")
    options = parser.parse_args()
    bench: list[str] = options.bench
    if not (options.before / ".venv" / "bin" / "python").exists():
        parser.error(f"{options.before} has no .venv: run scripts/test lint there")
    ours: list[Figures] = []
    theirs: list[Figures] = []
    checkouts = [(ROOT, ours), (options.before.resolve(), theirs)]
    for pair in range(options.pairs):
        for checkout, found in checkouts if pair % 2 == 0 else reversed(checkouts):
            found.append(run(checkout, bench))
        print(f"pair {pair + 1} of {options.pairs}", file=sys.stderr, flush=True)
    print(f"{machine()}; {options.pairs} pairs of {' '.join(bench)}")
    print(f"{'ours':>12}{'theirs':>12}{'ratio':>8}   line [number]")
    print(*report(ours, theirs), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
