"""``python -m brainbook``: the same as the command ``brainbook``."""

from brainbook.press.cli import main

main(prog_name="brainbook")
