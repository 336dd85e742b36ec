"""`backbeat history`: what has been run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from backbeat.cli.whose import Runner, history_file
from backbeat.config import find, load
from backbeat.history.store import History, StoredSession
from backbeat.mqtt.settings import MqttSettings
from backbeat.pain import pain_advice

app = typer.Typer(no_args_is_help=False, invoke_without_command=True, help="What has been run.")


@app.callback()
def listing(context: typer.Context, runner: Runner = None) -> None:
    """List the sessions, newest last."""
    context.obj = file = history_file(runner)
    if context.invoked_subcommand is not None:
        return
    with History(file) as history:
        sessions = history.sessions()
    if not sessions:
        typer.echo(f"No sessions yet in {file}; `backbeat run` keeps them (simulated ones are not kept).")
        return
    table = Table(box=None)
    for heading in ("session", "began", "running", "distance", "cadence", "impact", "alerts", "pain"):
        table.add_column(heading, justify="left" if heading in ("session", "began") else "right", no_wrap=True)
    for session in sessions:
        table.add_row(*_row(session))
    Console().print(table)


@app.command()
def show(context: typer.Context, session: Annotated[str, typer.Argument(help="Its id, or last.")] = "last") -> None:
    """One session: its figures, alerts and notes."""
    with History(context.obj) as history:
        found = history.session(session)
        alerts, notes = history.alerts(found.id), history.notes(found.id)
    console = Console()
    about = [f"Session {found.id}", found.origin, f"sensor at {found.position.replace('_', ' ')}"]
    about += [f"shoes {found.shoe}"] if found.shoe else []
    about += [f"on {found.surface}"] if found.surface else []
    console.print(", ".join(about), markup=False)
    table = Table(box=None, show_header=False)
    for name, value in (found.summary or {}).items():
        if isinstance(value, (int, float)) and name not in ("start", "end", "known_at"):
            table.add_row(name, f"{value:g}")
    console.print(table)
    for alert in alerts:
        if alert["state"] == "raised":
            console.print(f"alert at {alert['known_at']:.0f} s: {alert['message']}", markup=False)
    for note in notes:
        console.print(str(note), markup=False)
        if note.red_flag:
            console.print(pain_advice(note.level or 0.0, note.red_flag))


@app.command()
def delete(
    context: typer.Context,
    session: Annotated[str, typer.Argument(help="Its id, or last.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    mqtt: Annotated[
        str | None, typer.Option(metavar="URL", help="The broker that shows it too; else that of the configuration.")
    ] = None,
) -> None:
    """Forget a session, as if it had never been run: its minutes, alerts and notes go too."""
    broker = MqttSettings.from_url(mqtt) if mqtt else load(find()).broker()
    with History(context.obj) as history:
        found = history.session(session)
        if not yes:
            typer.confirm(f"Delete session {found.id} for good?", abort=True)
        history.delete(found.id)
    typer.echo(f"Session {found.id} is gone.")
    if broker:
        from backbeat.cli.run import outbox_file
        from backbeat.mqtt.forget import forget_session

        forget_session(broker, found.id, outbox_file(broker))
        typer.echo(f"The broker {broker.name} no longer shows it.")


@app.command()
def path(context: typer.Context) -> None:
    """Where the file is; copy it to keep it, delete it to forget everything."""
    typer.echo(context.obj)


def _row(session: StoredSession) -> tuple[str, ...]:
    summary: dict[str, Any] = dict(session.summary or {})
    began = "?" if session.start_utc is None else _local(session.start_utc)
    if not summary:
        return (session.id, began, "not finished", "", "", "", "", "")

    def figure(name: str, form: str, scale: float = 1.0) -> str:
        value = summary.get(name)
        return "-" if value is None else form.format(value * scale)

    return (
        session.id,
        began,
        figure("running_s", "{:.0f} min", 1 / 60),
        figure("distance_m", "{:.1f} km", 1 / 1000),
        figure("cadence_spm", "{:.0f}/min"),
        figure("impact_peak_g", "{:.1f} g"),
        str(sum((summary.get("alerts") or {}).values())),
        "-" if session.worst_pain is None else f"{session.worst_pain:g}",
    )


def _local(utc: float) -> str:
    return datetime.fromtimestamp(utc, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
