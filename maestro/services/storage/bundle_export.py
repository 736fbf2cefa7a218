"""A project as one ZIP file, streamed: records, words, takes, exchanges, frames and style; not journal, backups and trash."""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from maestro.services.storage.durable import Disk, make_folder, open_regular, place, placing, regular_files, sync_folder
from maestro.services.storage.envelope import pack
from maestro.services.storage.exchanges import FOLDER as EXCHANGES
from maestro.services.storage.exchanges import read_exchange
from maestro.services.storage.folder import ProjectFolder
from maestro.services.storage.records import CALL_ID, FRAME_FILE, STYLE_FILE, TAKE_FILE, TAKE_STEM

MANIFEST = "maestro-bundle.json"
FORMAT = 2
"""Format 1 had no exchanges; a project without any is still written so, for older versions."""
CHUNK_BYTES = 1 << 20
FOLDERS = ("", EXCHANGES, "frames", "takes", "words")


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the bundle and the copy's sum."""

    name: str
    size_bytes: int
    sha256: str


def is_bundled(name: str) -> bool:
    """Whether a file of that name (from the project's folder) belongs into a bundle."""
    folder, _, file = name.rpartition("/")
    if folder == "takes":
        stem = file.removesuffix(".json")
        return TAKE_FILE.fullmatch(file) is not None or (file.endswith(".json") and TAKE_STEM.fullmatch(stem) is not None)
    if folder == "words":
        return (
            file.startswith("shot-") and file.endswith(".json") and file[5:-5].isascii() and file[5:-5].isdigit() and len(file) < 20
        )
    if folder == EXCHANGES:
        return file.endswith(".json") and CALL_ID.fullmatch(file.removesuffix(".json")) is not None
    if folder == "frames":
        return FRAME_FILE.fullmatch(file) is not None
    return folder == "" and STYLE_FILE.fullmatch(file) is not None


def write_bundle(source: ProjectFolder, disk: Disk, destination: Path) -> None:
    """Under the final name only when it is whole. Raises OSError, WorkspaceError."""
    records, names = snapshot(source)
    with placing(disk, destination) as descriptor, os.fdopen(os.dup(descriptor), "wb") as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as bundle:
            parts = [_add_bytes(bundle, "project.json", records)]
            parts += [part for name in names for part in _add_file(bundle, source, name)]
            has_exchanges = any(name.startswith(f"{EXCHANGES}/") for name in names)
            manifest = {
                "format": FORMAT if has_exchanges else 1,
                "files": {part.name: [part.size_bytes, part.sha256] for part in parts},
            }
            _add_bytes(bundle, MANIFEST, json.dumps(manifest, indent=1).encode())
        stream.flush()


def copy_project(source: ProjectFolder, target: Path) -> None:
    """The same files as in a bundle, into the new folder `target`."""
    disk = source.disk
    records, names = snapshot(source)
    for folder in FOLDERS[1:]:
        make_folder(disk, target / folder)
    for name in names:
        with (
            _opened(source, name) as original,
            placing(disk, target / name) as descriptor,
            os.fdopen(os.dup(descriptor), "wb") as copy,
        ):
            shutil.copyfileobj(original, copy, CHUNK_BYTES)
    place(disk, target / "project.json", records)
    sync_folder(disk, target)


def snapshot(source: ProjectFolder) -> tuple[bytes, list[str]]:
    """The records and the names of the files at one moment; files do not change after it, they can only move to the trash."""
    loaded = source.loaded_whole()
    with source.writing("The copy"):
        names = [f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in sorted(regular_files(source.path / folder))]
    records = pack(loaded.state.tables, loaded.state.sequence, source.version)
    return records, [name for name in names if is_bundled(name) and _is_whole(source, name)]


def _is_whole(source: ProjectFolder, name: str) -> bool:
    """A damaged exchange, which nobody is shown, must not make the copy one that cannot be opened."""
    return not name.startswith(f"{EXCHANGES}/") or read_exchange(source.path / name) is not None


def _opened(source: ProjectFolder, name: str) -> IO[bytes]:
    path = source.path / name
    with suppress(FileNotFoundError):
        return os.fdopen(open_regular(path), "rb")
    return os.fdopen(open_regular(source.path / "trash" / path.name), "rb")


def _add_bytes(bundle: zipfile.ZipFile, name: str, encoded: bytes) -> Part:
    bundle.writestr(_entry(name), encoded)
    return Part(name, len(encoded), hashlib.sha256(encoded).hexdigest())


def _add_file(bundle: zipfile.ZipFile, source: ProjectFolder, name: str) -> Iterator[Part]:
    digest, size_bytes = hashlib.sha256(), 0
    with _opened(source, name) as original, bundle.open(_entry(name), "w", force_zip64=True) as copy:
        while chunk := original.read(CHUNK_BYTES):
            copy.write(chunk)
            digest.update(chunk)
            size_bytes += len(chunk)
    yield Part(name, size_bytes, digest.hexdigest())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # a fixed date: the same project gives the same bytes
    entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
    entry.external_attr = 0o100600 << 16
    return entry
