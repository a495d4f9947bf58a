"""How much of a chat is lost when it is killed: 500 chats at random moments, each opened again.

    python -m benchmarks.crashes [--runs 500] [--seed 1]

Fails when a message is lost that was said to be saved, or more than the last second of an answer. POSIX only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.sessions.crashing import crash


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        left = crash(Path(directory), chosen.runs, chosen.seed)
    for remains in left:
        for fault in remains.faults:
            print(f"{remains.directory.name}: {fault}")
    lost_s = sorted(remains.lost_s for remains in left)
    print(f"{len(left)} chats killed, {sum(bool(remains.faults) for remains in left)} with a fault")
    print(f"{sum(remains.is_torn for remains in left)} with a torn last line")
    print(f"lost of the answer: {lost_s[len(left) // 2]:.2f} s in the median, {lost_s[-1]:.2f} s at most")
    return any(remains.faults for remains in left) or lost_s[-1] > 1


if __name__ == "__main__":
    sys.exit(main())
