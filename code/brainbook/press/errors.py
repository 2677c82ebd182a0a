"""The press's own error: a message for the person at the terminal, no traceback."""

import click


class BookError(click.ClickException):
    """Something in the book, not in the press, keeps it from being built."""

    def format_message(self) -> str:
        return self.message
