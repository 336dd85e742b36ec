"""The contract in writing: JSON Schema of every message, and one AsyncAPI 3 document, from the types in the code.

Only for people and tests (`python -m backbeat.mqtt.schemas FOLDER`); a run does not import it.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from dataclasses import fields, make_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from backbeat import events
from backbeat.events import Alert, Step, Summary
from backbeat.live import Live
from backbeat.mqtt import topics
from backbeat.mqtt.commands import COMMANDS
from backbeat.mqtt.payloads import Envelope, Info, Reply, SessionAlerts, SessionNotes, Status
from backbeat.mqtt.topics import CHANNELS, Channel

BODIES: dict[str, type] = {
    "status": Status,
    "info": Info,
    "live": Live,
    "step": Step,
    "alert": Alert,
    "session-alerts": SessionAlerts,
    "session-notes": SessionNotes,
    "session-summary": Summary,
    "session-last": Summary,
    "reply": Reply,
}
"""Channel to what is in its envelope."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

ROOT = "backbeat/v1/{team}/{runner}"


def documents() -> dict[str, dict[str, Any]]:
    """Every file of the contract: name to content."""
    found = {f"{name}.schema.json": message_schema(name) for name in BODIES}
    found |= {f"cmd-{name}.schema.json": command_schema(name) for name in COMMANDS}
    found["asyncapi.json"] = asyncapi()
    return found


def message_schema(name: str) -> dict[str, Any]:
    """JSON Schema of a message that Backbeat publishes."""
    body = BODIES[name]
    schema = _schema(_flat(Envelope, body))
    _describe(schema, Envelope)
    _describe(schema, body)
    schema["properties"]["kind"] = {"const": body.kind, "description": "What this message is."}  # type: ignore[attr-defined]
    schema["required"] = sorted(schema["properties"])
    schema["title"] = name
    schema["description"] = _first_sentence(body)
    schema["additionalProperties"] = True  # fields may be added without a new version
    return {"$schema": DIALECT, **schema}


def command_schema(name: str) -> dict[str, Any]:
    """JSON Schema of a command that Backbeat reads."""
    command = COMMANDS[name]
    schema = _schema(command)
    _describe(schema, command)
    schema["title"] = f"cmd-{name}"
    schema["description"] = _first_sentence(command)
    schema["additionalProperties"] = False
    return {"$schema": DIALECT, **schema}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document of one runner's device."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for channel in CHANNELS:
        if channel is topics.COMMAND:
            for name in COMMANDS:
                _add(channels, operations, f"cmd-{name}", channel, f"{ROOT}/cmd/{name}", "receive")
        else:
            _add(channels, operations, channel.name, channel, f"{ROOT}/{channel.address}", "send")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Backbeat by MQTT",
            "version": f"{topics.VERSION}",
            "description": "What one runner's device tells and what it may be asked. Not a medical device. "
            "The key of a message is (session, topic, seq).",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
    }


def _add(
    channels: dict[str, Any], operations: dict[str, Any], name: str, channel: Channel, address: str, action: str
) -> None:
    binding = {"qos": channel.qos, "retain": channel.retain}
    if channel.expiry_s is not None:
        binding["messageExpiryInterval"] = channel.expiry_s
    channels[name] = {
        "address": address,
        "parameters": {p: {"description": _PARAMETERS[p]} for p in re.findall(r"\{(\w+)\}", address)},
        "messages": {
            name: {
                "contentType": "application/json",
                "payload": {"$ref": f"./{name}.schema.json"},
            }
        },
    }
    operations[f"{action}-{name}"] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "bindings": {"mqtt": binding},
    }


_PARAMETERS = {
    "team": "The team's id.",
    "runner": "The runner's id.",
    "session": "The session's id.",
    "command": "The command's name.",
}


def _flat(envelope: type, body: type) -> type:
    """One dataclass with the fields of both."""
    hints = {**get_type_hints(envelope, include_extras=True), **get_type_hints(body, include_extras=True)}
    names = list(dict.fromkeys(f.name for of in (envelope, body) for f in fields(of)))
    return make_dataclass(body.__name__, [(name, hints[name]) for name in names], kw_only=True)


def _schema(of: type) -> dict[str, Any]:
    schema = TypeAdapter(of).json_schema(schema_generator=_Plain, mode="validation")
    for name, within in schema.get("$defs", {}).items():
        _describe(within, getattr(events, name))
        within["description"] = _first_sentence(getattr(events, name))
    return schema


class _Plain(GenerateJsonSchema):
    """Without a title at every field, which only repeats its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def _describe(schema: dict[str, Any], of: type) -> None:
    """Take the fields' meaning from the docstring, which is where the code has it."""
    text = inspect.getdoc(of) or ""
    for name, meaning in re.findall(r"^    (\w+): (.+(?:\n        .+)*)$", text, flags=re.MULTILINE):
        if name in schema.get("properties", {}):
            schema["properties"][name]["description"] = re.sub(r"\s+", " ", meaning)
    for entry in schema.get("properties", {}).values():
        entry.pop("default", None)


def _first_sentence(of: type) -> str:
    return re.sub(r"\s+", " ", (inspect.getdoc(of) or "").partition("\n\n")[0])


def write(folder: Path) -> None:
    """Write every file of the contract."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in documents().items():
        (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
