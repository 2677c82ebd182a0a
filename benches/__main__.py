"""``make bench``: all benches, one table, status 1 where a target is missed."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from . import circuit, press


def main() -> int:
    """Run the benches and print the table."""
    table = Table("what", "measured", "target", "met", title="Speed, side by side in one run")
    missed = 0
    for bench in (circuit, press):
        for what, measured, target, met in bench.rows():
            table.add_row(what, measured, target, "yes" if met else "no")
            missed += not met
    Console(width=120).print(table)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
