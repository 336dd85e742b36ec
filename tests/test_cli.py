import re

import pytest
import typer

from backbeat.cli import COMMANDS, _application, main
from backbeat.cli.plain import in_words


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert "replay" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_words_and_not_the_types_of_python(name: str) -> None:
    command = typer.main.get_command(_application(name))
    in_words(command)
    helps = _helps(command.commands[name])  # type: ignore[attr-defined]
    assert len(helps) >= 1
    for text in helps:
        assert re.findall(r"<(?:bool|str|int|float|path|list|datetime)\b", text) == []


def _helps(command) -> list[str]:
    context = typer.Context(command)
    shown = [part or "" for p in command.get_params(context) for part in (p.metavar, p.display_type_rich(context))]
    below = getattr(command, "commands", {}).values()
    return [" ".join(shown), *(text for each in below for text in _helps(each))]


def test_the_help_that_is_printed_has_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["replay", "--help"])
    told = capsys.readouterr().out
    assert "FILES" in told
    assert "<" not in told


def test_ctrl_c_while_a_command_is_imported_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(called: str | None) -> typer.Typer:
        raise KeyboardInterrupt

    monkeypatch.setattr("backbeat.cli._application", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["replay"])
    assert ended.value.code == 130
