"""Public recordings: fetched from where their authors keep them, checked, and written as Backbeat's own CSV.

What there is stands in `datasets.toml`. Only the readings are converted; ground truth is in the authors' repositories.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from backbeat.errors import UserError
from backbeat.logbook.dataset_formats import FORMATS, Recordings
from backbeat.logbook.exports import to_csv

MIRROR = "https://raw.githubusercontent.com"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a set.

    Attributes:
        path: in the repository.
        sha256: of its content.
        format: key of `backbeat.logbook.dataset_formats.FORMATS`.
    """

    path: str
    sha256: str
    format: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set of recordings.

    Attributes:
        name: short, as typed.
        title: what it is.
        licence: of the data.
        source: owner and name of the repository.
        commit: the version that the check sums belong to.
        files: by the recording's name.
    """

    name: str
    title: str
    licence: str
    source: str
    commit: str
    files: Mapping[str, RemoteFile]


def known() -> dict[str, Dataset]:
    """All sets by name."""
    table = tomllib.loads((files("backbeat.logbook") / "datasets.toml").read_text(encoding="utf-8"))
    return {
        name: Dataset(
            name=name,
            **{key: entry[key] for key in ("title", "licence", "source", "commit")},
            files={
                recording: RemoteFile(file["path"], file["sha256"], file.get("format", entry["format"]))
                for recording, file in entry["files"].items()
            },
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
    for name, file in dataset.files.items():
        single = folder / dataset.name / name / "imu.csv"
        if single.exists():
            made.append(single)
        else:
            url = f"{mirror}/{dataset.source}/{dataset.commit}/{file.path}"
            raw = _download(url, file.sha256, cache / dataset.name)
            made += _written(FORMATS[file.format](raw.read_bytes(), raw.name), folder / dataset.name, name)
        done(name)
    return made


def _written(recordings: Recordings, folder: Path, name: str) -> list[Path]:
    """Write each recording that is not there yet."""
    made = []
    for suffix, samples in recordings.items():
        target = folder / f"{name}{suffix}" / "imu.csv"
        if not target.exists():
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                to_csv([samples], target)
            except OSError as error:
                raise UserError(f"{target}: {error.strerror}; choose a folder that can be written.") from None
        made.append(target)
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
