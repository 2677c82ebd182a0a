"""``make bench``: every part, one table; status 1 where a target is missed or a part fails.

``make bench PART=features``, or ``python -m benches features press``, runs only those.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

PARTS = ("circuit", "scaling", "features", "counting", "press")


def main(chosen: Sequence[str] = ()) -> int:
    """Run the parts and print the table; a part that fails is named after it."""
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        print(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    table = Table("what", "measured", "target", "met", title="Side by side in one run")
    failed, missed = {}, 0
    for name in chosen or PARTS:
        try:
            for what, measured, target, met in importlib.import_module(
                f".{name}", "benches"
            ).rows():
                table.add_row(what, measured, target, {True: "yes", False: "no", None: ""}[met])
                missed += met is False
        except Exception:
            failed[name] = traceback.format_exc()
        table.add_section()
    Console(width=140).print(table)
    for name, told in failed.items():
        print(f"part {name} failed:\n{told}", file=sys.stderr)
    return int(missed > 0 or bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
