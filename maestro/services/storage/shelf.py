"""The takes of a project as they lie in a folder: `<label>.json` beside `<label>.png`; read once, then from memory."""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from maestro.services.storage.durable import StatKey, open_regular, read_bytes, regular_files, stat_key
from maestro.services.storage.records import TAKE_FILE, RecordError, TakeRecord, from_json, label_of
from maestro.types import PICTURE_SUFFIXES, TakeLabel

RECORD_LIMIT_BYTES = 1 << 20
PICTURE_LIMIT_BYTES = 256 << 20
CLOSE_LOOK_S = 10.0
SETTLED_NS = 1_000_000_000
"""What changes within a tick of the file system's clock leaves a folder's time as it was: only an older one is believed."""
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "WEBP": "image/webp"}


@dataclass(frozen=True, slots=True)
class Shelved:
    """A take on the shelf; `is_missing` when its picture is gone or no picture, `has_record` when its own record could be read."""

    record: TakeRecord
    is_missing: bool
    has_record: bool = True


class Shelf:
    """Thread-safe. A file is read again only when it was replaced or written.

    We only ever replace, which the folder's own key tells; so the files are looked at one by one when that changed, and every
    CLOSE_LOOK_S for what another program may have written into one of them.
    """

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._folder_key: StatKey | None = None
        self._looked_at_s = 0.0
        self._files: dict[str, StatKey] = {}
        self._by_stem: dict[str, Shelved] = {}
        self._by_call: dict[str, TakeRecord] = {}
        self._takes: tuple[Shelved, ...] = ()

    def takes(self) -> tuple[Shelved, ...]:
        """Every take that has a record, in order of shot and number; one whose record cannot be read shows as adopted.

        The same tuple as long as no file changed.
        """
        with self._lock:
            self._look_again()
            return self._takes

    def of_call(self, call_id: str) -> TakeRecord | None:
        """The take that a call came to."""
        with self._lock:
            self._look_again()
            return self._by_call.get(call_id)

    def _look_again(self) -> None:
        folder = self._folder()
        key, now_s = stat_key(folder), time.monotonic()
        if key is not None and key == self._folder_key and now_s - self._looked_at_s < CLOSE_LOOK_S:
            return
        is_settled = key is not None and time.time_ns() - key[2] > SETTLED_NS
        files = regular_files(folder)
        self._folder_key, self._looked_at_s = key if is_settled else None, now_s
        if files == self._files:
            return
        changed = {name.partition(".")[0] for name, _ in files.items() ^ self._files.items()}
        for stem in changed:
            self._by_stem.pop(stem, None)
            shelved = _shelved(folder, stem, files)
            if shelved is not None:
                self._by_stem[stem] = shelved
        self._files = files
        self._takes = tuple(sorted(self._by_stem.values(), key=lambda take: (take.record.shot_id, take.record.number)))
        self._by_call = {take.record.call_id: take.record for take in self._takes if take.record.call_id}


def _shelved(folder: Path, stem: str, files: dict[str, StatKey]) -> Shelved | None:
    label = label_of(stem)
    if label is None or f"{stem}.json" not in files:
        return None
    record = read_record(folder / f"{stem}.json")
    if record is None or record.label != label:
        return _without_record(folder, label, files)
    key = files.get(record.file)
    return Shelved(record, key is None or not _looks_whole(folder / record.file, key[1], record.size_bytes))


def _without_record(folder: Path, label: TakeLabel, files: dict[str, StatKey]) -> Shelved | None:
    for suffix in PICTURE_SUFFIXES.values():
        if f"{label}{suffix}" in files:
            record = adopted(folder / f"{label}{suffix}", label)
            return Shelved(record, is_missing=False, has_record=False) if record else None
    return None


def read_record(path: Path) -> TakeRecord | None:
    """A take's record; None when it cannot be read."""
    try:
        return parse_record(read_bytes(path, RECORD_LIMIT_BYTES)[0])
    except (OSError, RecordError):
        return None


def parse_record(encoded: bytes) -> TakeRecord:
    """Raises RecordError."""
    try:
        return from_json(TakeRecord, json.loads(encoded))
    except RecordError:
        raise
    except (ValueError, RecursionError) as error:
        raise RecordError("it is not JSON") from error


def adopted(path: Path, label: TakeLabel) -> TakeRecord | None:
    """The record of a picture that came without one; None when it is no picture."""
    try:
        encoded, key = read_bytes(path, PICTURE_LIMIT_BYTES)
    except OSError:
        return None
    seen = look(encoded)
    if seen is None or TAKE_FILE.fullmatch(path.name) is None:
        return None
    media_type, width_px, height_px = seen
    return TakeRecord(
        shot_id=label.shot_id,
        number=label.number,
        file=path.name,
        call_id="",
        text="",
        prompt="",
        engine="",
        model="",
        created_at=datetime.fromtimestamp(key[2] / 1e9, UTC),
        duration_s=0.0,
        cost_usd=None,
        media_type=media_type,
        width_px=width_px,
        height_px=height_px,
        size_bytes=len(encoded),
        sha256=hashlib.sha256(encoded).hexdigest(),
        frame_index=0,
        is_adopted=True,
    )


def look(encoded: bytes) -> tuple[str, int, int] | None:
    """(media type, width, height in pixels) of a picture that one of our formats decodes to its end; None when it does not."""
    try:
        with Image.open(BytesIO(encoded), formats=("PNG", "JPEG", "WEBP")) as picture:
            media_type, size_px = FORMATS[picture.format or ""], picture.size
            if size_px[0] * size_px[1] <= 40_000_000:
                picture.load()
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError):
        return None
    return media_type, *size_px


def has_signature(head: bytes) -> bool:
    """Whether the first bytes are those of a PNG, JPEG or WebP."""
    return head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _looks_whole(path: Path, found_bytes: int, size_bytes: int) -> bool:
    try:
        if found_bytes != size_bytes:  # somebody changed it: worth a close look
            return look(read_bytes(path, PICTURE_LIMIT_BYTES)[0]) is not None
        descriptor = open_regular(path)
        with os.fdopen(descriptor, "rb") as stream:
            return has_signature(stream.read(16))
    except OSError:
        return False
