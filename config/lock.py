"""Write config/requirements.txt (every package of an installation, with hashes) and config/sbom.json from it.

Run by `make lock` after a dependency has changed; needs uv (`pip install uv`). Neither file names a registry: pip
takes the packages from wherever it is set up to, and the hashes say whether they are the right ones.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "config" / "requirements.txt"
SBOM = ROOT / "config" / "sbom.json"
OPTIONS = ("--generate-hashes", "--no-annotate", "--no-header", "--universal", "--python-version", "3.11", "--quiet")
HEAD = "# Written by `make lock`; Linux only. For: pip install --require-hashes -r\n"


def lock() -> str:
    """What pip needs on Linux, Python 3.11 to 3.13: our own dependencies, the Pi's pins and the tool that builds it."""
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("uv is not installed: pip install uv")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = "\n".join([*project["dependencies"], *project["optional-dependencies"]["gpio"], "hatchling"])
    done = subprocess.run(  # noqa: S603
        [uv, "pip", "compile", *OPTIONS, "-"], input=wanted, capture_output=True, text=True, check=True, cwd=ROOT
    )
    packages = re.split(r"(?m)^(?=[a-z0-9])", done.stdout)
    return HEAD + "".join(p for p in packages if p and not re.search("win32|darwin", p.splitlines()[0]))


def sbom(requirements: str) -> str:
    """The same packages as a CycloneDX 1.6 document."""
    found = re.findall(r"(?m)^([a-z0-9-]+)==([^\s;]+)(?: ; (.*?))? \\$", requirements)
    components = [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            **({"properties": [{"name": "environment", "value": marker}]} if marker else {}),
        }
        for name, version, marker in found
    ]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    text = lock()
    REQUIREMENTS.write_text(text, encoding="utf-8")
    SBOM.write_text(sbom(text), encoding="utf-8")
