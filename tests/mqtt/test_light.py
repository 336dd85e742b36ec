"""What a live run imports of this room is light."""

from __future__ import annotations

import subprocess
import sys


def test_publishing_imports_nothing_heavy() -> None:
    heavy = ["scipy", "pydantic", "rich", "typer", "cryptography", "jsonschema"]
    program = f"import sys, backbeat.mqtt.publisher; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
