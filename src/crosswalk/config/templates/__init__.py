"""The files of `crosswalk init`, and their writing.

The texts are the other files of this folder, under names without a leading dot.
"""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from crosswalk.domain.errors import CrosswalkError

START_FILES: Mapping[str, str] = {
    "crosswalk.yaml": "crosswalk.yaml",
    "mappings/contact.yaml": "contact.yaml",
    "mappings/lead.yaml": "lead.yaml",
    "tests/people.yaml": "tests.yaml",
    ".env.example": "env.example",
    ".gitignore": "gitignore",
    "README.md": "README.md",
}
"""Each file that `crosswalk init` writes, and the template it is copied from."""


class StartRefused(CrosswalkError):
    """The files to start from could not be written."""


def write_start(folder: Path, overwrite: bool) -> list[Path]:
    """Write a configuration to start from: all of its files, or none.

    Parameters
    ----------
    folder
        Where to; made when it does not exist.
    overwrite
        Replace files that are there already.

    Raises
    ------
    StartRefused
        A file is there already and `overwrite` is false, or the folder cannot be written to.
    """
    existing = [name for name in START_FILES if (folder / name).exists()]
    if existing and not overwrite:
        raise StartRefused(
            f"{folder.absolute()} has {', '.join(existing)} already, so nothing was written; "
            "name another folder, or use --force to overwrite"
        )
    try:
        return [_write(folder / name, template) for name, template in START_FILES.items()]
    except OSError as error:
        raise StartRefused(f"{error.filename or folder} cannot be written: {error.strerror}") from error


def _write(path: Path, template: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(files(__name__).joinpath(template).read_text(encoding="utf-8"), encoding="utf-8")
    return path
