"""Help for people: a word for each value instead of Python's type."""

from __future__ import annotations

from typing import Any

import typer

WORDS = {
    "bool": "",
    "datetime": "TIME",
    "float": "NUMBER",
    "float range": "NUMBER",
    "int": "N",
    "int range": "N",
    "list[str]": "TEXT",
    "path": "PATH",
    "str": "TEXT",
}
"""Typer's name of an option's type to the word that the help has."""


def in_words(command: Any) -> None:
    """Give every parameter of a command, and of those below it, that has no word for its value one.

    Args:
        command: as `typer.main.get_command` makes it.
    """
    context = typer.Context(command)
    for parameter in command.get_params(context):
        if parameter.param_type_name == "argument":
            parameter.metavar = parameter.metavar or parameter.name.upper()
            parameter.display_type = lambda _: ""  # its name says it
        elif parameter.metavar is None:
            kind = parameter.display_type(context).strip("<>")
            parameter.metavar = WORDS.get(kind, kind)  # the rest are choices, which say what they are
    for below in getattr(command, "commands", {}).values():
        in_words(below)
