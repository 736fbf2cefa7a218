"""A project out of a ZIP file: checked before a byte is unpacked, and again while it is. Nothing in it is executed or followed.

Only names that an export makes are taken; sizes, counts, ratios and sums must be right; every record must be readable and every
picture a picture.
"""

import hashlib
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from maestro.errors import BundleError
from maestro.services.storage.bundle_export import CHUNK_BYTES, FOLDERS, FORMAT, MANIFEST, is_bundled
from maestro.services.storage.durable import Disk, make_folder, open_regular, placing, read_bytes, sync_folder, write_all
from maestro.services.storage.envelope import DamagedStateError, State, unpack
from maestro.services.storage.exchanges import FOLDER as EXCHANGES
from maestro.services.storage.exchanges import checked_exchange
from maestro.services.storage.facts import facts_of, words_of
from maestro.services.storage.migrations import SCHEMA
from maestro.services.storage.records import RecordError
from maestro.services.storage.shelf import FORMATS, parse_record

COUNT_LIMIT = 40_000
FILE_LIMIT_BYTES = 256 << 20
TOTAL_LIMIT_BYTES = 32 << 30
RATIO_LIMIT = 200
RATIO_FREE_BYTES = 1 << 20
"""Small files may be as dense as they like."""


def unpack_bundle(bundle: Path, disk: Disk, target: Path, check_space: Callable[[int], None]) -> str:
    """The bundle's project in the new folder `target`; its name. Raises BundleError, DiskFullError, OSError."""
    with _opened(bundle) as archive:
        entries = _checked(archive, bundle.stat().st_size)
        sums = _manifest(archive, entries)
        check_space(sum(entry.file_size for entry in entries.values()))
        for folder in FOLDERS[1:]:
            make_folder(disk, target / folder)
        for name, entry in entries.items():
            if name != MANIFEST:
                _unpack(archive, entry, disk, target, sums[name])
    sync_folder(disk, target)
    return _read_all(target, sorted(entries))


@contextmanager
def _opened(bundle: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with os.fdopen(open_regular(bundle), "rb") as stream, zipfile.ZipFile(stream) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeError) as error:
        raise BundleError("This file is no ZIP, or a damaged one.") from error
    except FileNotFoundError as error:
        if error.filename != str(bundle):
            raise
        raise BundleError("The bundle is not there.") from error


def _checked(archive: zipfile.ZipFile, archive_bytes: int) -> dict[str, zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > COUNT_LIMIT:
        raise BundleError("The bundle holds too many files.")
    if len({entry.filename for entry in entries}) != len(entries):
        raise BundleError("The bundle holds two files of one name.")
    for entry in entries:
        _check_entry(entry)
    if sum(entry.compress_size for entry in entries) > archive_bytes:
        raise BundleError("The bundle's files overlap each other.")
    if sum(entry.file_size for entry in entries) > TOTAL_LIMIT_BYTES:
        raise BundleError("The bundle is too large.")
    return {entry.filename: entry for entry in entries}


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    if name != entry.filename or not (name in {MANIFEST, "project.json"} or is_bundled(name)):
        raise BundleError(f"The bundle holds a file that is none of Maestro's: {name[:60]!r}.")
    mode = entry.external_attr >> 16
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise BundleError(f"The bundle holds something that is no plain file: {name[:60]!r}.")
    if entry.flag_bits & 0x1 or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise BundleError(f"The bundle holds a file that is packed in another way: {name[:60]!r}.")
    if entry.file_size > FILE_LIMIT_BYTES:
        raise BundleError(f"The bundle holds a file that is too large: {name[:60]!r}.")
    if entry.file_size > RATIO_FREE_BYTES and entry.file_size > RATIO_LIMIT * max(1, entry.compress_size):
        raise BundleError(f"The bundle holds a file that unpacks to far too much: {name[:60]!r}.")


def _manifest(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> dict[str, tuple[int, str]]:
    if MANIFEST not in entries or "project.json" not in entries:
        raise BundleError("This ZIP is no bundle of Maestro's.")
    try:
        manifest: Any = json.loads(archive.read(MANIFEST))
        is_newer = manifest["format"] > FORMAT
        sums = {str(name): (int(size_bytes), str(sha256)) for name, (size_bytes, sha256) in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError("The bundle's list of files cannot be read.") from error
    if is_newer:
        raise BundleError("The bundle was made by a newer version of Maestro.", next_step="Update Maestro, then import it again.")
    if set(sums) != set(entries) - {MANIFEST}:
        raise BundleError("The bundle does not hold the files that it lists.")
    return sums


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, disk: Disk, target: Path, expected: tuple[int, str]) -> None:
    digest, size_bytes = hashlib.sha256(), 0
    with archive.open(entry) as packed, placing(disk, target / entry.filename) as descriptor:
        while chunk := packed.read(CHUNK_BYTES):
            size_bytes += len(chunk)
            if size_bytes > entry.file_size:
                raise BundleError(f"The bundle holds a file that is larger than it says: {entry.filename[:60]!r}.")
            digest.update(chunk)
            write_all(disk, descriptor, chunk)
        if (size_bytes, digest.hexdigest()) != expected:
            raise BundleError(f"The bundle holds a damaged file: {entry.filename[:60]!r}.")


def _read_all(target: Path, names: list[str]) -> str:
    """Reads everything as the app will; the project's name."""
    try:
        facts = facts_of(_state(target / "project.json").tables)
        for name in names:
            _read_one(target / name, name)
    except (DamagedStateError, RecordError) as error:
        raise BundleError(f"The bundle's records cannot be read: {error}.") from error
    return facts.project.name


def _state(path: Path) -> State:
    state = unpack(read_bytes(path, FILE_LIMIT_BYTES)[0])
    if state.schema > SCHEMA:
        raise BundleError("The bundle was made by a newer version of Maestro.", next_step="Update Maestro, then import it again.")
    if state.schema < SCHEMA:
        raise BundleError("The bundle's records are of a schema that no bundle ever had.")
    return state


def _read_one(path: Path, name: str) -> None:
    if name in {MANIFEST, "project.json"}:
        return
    if name.startswith("words/"):
        words_of(_state(path).tables)
        return
    encoded, _ = read_bytes(path, FILE_LIMIT_BYTES)
    if name.startswith(f"{EXCHANGES}/"):
        checked_exchange(encoded, name)
        return
    if name.endswith(".json"):
        if f"takes/{parse_record(encoded).label}.json" != name:
            raise RecordError(f"{name} belongs to another take")
        return
    _check_picture(encoded, name)


def _check_picture(encoded: bytes, name: str) -> None:
    try:
        with Image.open(BytesIO(encoded), formats=("PNG", "JPEG", "WEBP")) as picture:
            is_known = picture.format in FORMATS
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BundleError(f"The bundle holds a picture that is none: {name[:60]!r}.") from error
    if not is_known:
        raise BundleError(f"The bundle holds a picture that is none: {name[:60]!r}.")
