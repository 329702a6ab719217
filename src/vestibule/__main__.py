"""The command `vestibule`, also as `python -m vestibule`."""

from __future__ import annotations

from vestibule.cli.root import vestibule


def main() -> None:
    """Run the command line."""
    vestibule(prog_name="vestibule")


if __name__ == "__main__":
    main()
