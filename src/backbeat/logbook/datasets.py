"""Public recordings: fetched from where their authors keep them, checked, and written as Backbeat's own CSV.

What there is stands in `datasets.toml`. Only the readings are converted; ground truth is in the authors' repositories.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from backbeat.errors import SourceError, UserError
from backbeat.logbook.delimited import read_table
from backbeat.logbook.exports import to_csv
from backbeat.samples import STANDARD_GRAVITY, Samples

MIRROR = "https://raw.githubusercontent.com"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set of recordings.

    Attributes:
        name: short, as typed.
        title: what it is.
        licence: of the data.
        source: owner and name of the repository.
        commit: the version that the check sums belong to.
        format: key of `FORMATS`.
        files: recording's name to (path in the repository, SHA-256).
    """

    name: str
    title: str
    licence: str
    source: str
    commit: str
    format: str
    files: Mapping[str, tuple[str, str]]


def known() -> dict[str, Dataset]:
    """All sets by name."""
    table = tomllib.loads((files("backbeat.logbook") / "datasets.toml").read_text(encoding="utf-8"))
    return {
        name: Dataset(
            name=name,
            **{key: entry[key] for key in ("title", "licence", "source", "commit", "format")},
            files={recording: (file["path"], file["sha256"]) for recording, file in entry["files"].items()},
        )
        for name, entry in table.items()
    }


def fetch(
    dataset: Dataset, folder: Path, cache: Path, *, mirror: str = MIRROR, done: Callable[[str], object] = str
) -> list[Path]:
    """Download what is not there yet, and write FOLDER/SET/NAME/imu.csv for each recording.

    Args:
        dataset: the set.
        folder: where the recordings go.
        cache: where downloads are kept.
        mirror: where the repositories are found: MIRROR/OWNER/NAME/COMMIT/PATH.
        done: told the name of each recording that is there.

    Raises:
        UserError: no network, a cut connection, a wrong check sum, or pooch is not installed.
    """
    made = []
    for name, (path, sha256) in dataset.files.items():
        target = folder / dataset.name / name / "imu.csv"
        if not target.exists():
            url = f"{mirror}/{dataset.source}/{dataset.commit}/{path}"
            raw = _download(url, sha256, cache / dataset.name)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                to_csv([FORMATS[dataset.format](raw.read_bytes(), raw.name)], target)
            except OSError as error:
                raise UserError(f"{target}: {error.strerror}; choose a folder that can be written.") from None
        made.append(target)
        done(name)
    return made


def _download(url: str, sha256: str, cache: Path) -> Path:
    try:
        import pooch
        from requests import exceptions
    except ImportError:
        raise UserError("Fetching needs pooch; install it with: pip install 'backbeat[datasets]'") from None
    pooch.get_logger().setLevel("ERROR")
    try:
        return Path(
            pooch.retrieve(
                url,
                known_hash=f"sha256:{sha256}",
                fname=url.rpartition("/")[2],
                path=cache,
                downloader=_get,
            )
        )
    except exceptions.HTTPError as error:
        answer = error.response.status_code if error.response is not None else "nothing"
        raise UserError(f"{url}: the server answers {answer}; try again later.") from None
    except (exceptions.ChunkedEncodingError, exceptions.ContentDecodingError):
        raise UserError(f"{url}: the connection was cut; try again, what is complete is kept.") from None
    except exceptions.RequestException:
        raise UserError(f"{url}: the server cannot be reached; check the network.") from None
    except ValueError:
        raise UserError(
            f"{url}: the check sum is wrong, so this is not the file it should be; nothing was kept."
        ) from None
    except OSError as error:
        raise UserError(f"{cache}: {error.strerror}; choose a folder that can be written.") from None


def _get(url: str, output_file: str, _: object) -> None:
    """A downloader for pooch, which leaves connections open when one of its own fails."""
    import requests

    with requests.get(url, timeout=30.0, stream=True) as response, Path(output_file).open("wb") as file:
        response.raise_for_status()
        file.writelines(response.iter_content(1 << 16))


def from_actigraph(content: bytes, file: str) -> Samples:
    """ActiLife's raw CSV: ten lines of facts with the rate, then timestamps and g."""
    head, mark, table = content.partition(b"\nTimestamp,")
    rate = re.search(rb"at (\d+) Hz", head)
    if not mark or not rate:
        raise SourceError(f"{file}, line 1: this is not ActiLife's raw CSV.")
    names, *rows = table.splitlines()
    values = read_table(b"\n".join([names, *(row.partition(b",")[2] for row in rows)]), file).values
    time = np.round(np.arange(len(values)) / float(rate[1]), 6)
    return Samples.of(time, np.round(values[:, :3] * STANDARD_GRAVITY, 4))


def from_ipol(content: bytes, file: str) -> Samples:
    """The IPOL set's text: a line with the rate, then tab-separated m/s² and rad/s."""
    head, _, body = content.partition(b"\n")
    rate = re.search(rb"frequency: (\d+) Hz", head)
    if not rate:
        raise SourceError(f"{file}, line 1: no acquisition frequency.")
    table = read_table(body, file)
    acc = np.stack([table.column(f"Acc_{axis}") for axis in "XYZ"], axis=1)
    gyr = np.stack([table.column(f"Gyr_{axis}") for axis in "XYZ"], axis=1)
    time = np.round((table.column("PacketCounter") - table.values[0, 0]) / float(rate[1]), 6)
    return Samples.of(time, np.round(acc, 4), np.round(gyr, 5))


FORMATS: dict[str, Callable[[bytes, str], Samples]] = {"actigraph": from_actigraph, "ipol": from_ipol}
"""Format's name to what reads it."""
