"""The part of a project's folder that keeps what models were asked and answered: `exchanges/<call_id>.json`, one for a call.

Pictures are kept by the names of their files; what those held at that moment is kept with them, so that a file that was exchanged
since is not shown as what the model saw.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from maestro.errors import ProjectDamagedError
from maestro.services.storage.core import Core
from maestro.services.storage.durable import StatKey, is_folder, make_folder, place, read_bytes, regular_files, stat_key
from maestro.services.storage.envelope import pack_record
from maestro.services.storage.journal import SentRecord, is_picture_name, require_call_id
from maestro.services.storage.records import CALL_ID, RecordError, finite, from_json, to_json
from maestro.services.storage.shelf import PICTURE_LIMIT_BYTES
from maestro.services.storage.store import newer
from maestro.types import CallKind, Exchange, SentPicture

FOLDER = "exchanges"
TEXT_LIMIT = 200_000
"""Bytes that a prompt or an answer may take."""
PICTURE_COUNT_LIMIT = 64
RECORD_LIMIT_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """One exchange, pictures in the order in which they were sent."""

    call_id: str
    kind: str
    engine: str
    model: str
    asked_at: datetime
    duration_s: float
    prompt: str
    pictures: tuple[SentRecord, ...] = ()
    answer: str = ""
    cost_usd: float | None = None
    schema: int = 1

    def __post_init__(self) -> None:
        if CALL_ID.fullmatch(self.call_id) is None or self.kind not in set(CallKind) or len(self.pictures) > PICTURE_COUNT_LIMIT:
            raise RecordError("an exchange is not what it must be")


def read_exchange(path: Path) -> ExchangeRecord | None:
    """None when it cannot be read, or is that of another call."""
    try:
        record = from_json(ExchangeRecord, json.loads(read_bytes(path, RECORD_LIMIT_BYTES)[0]))
    except (OSError, ValueError, RecursionError):
        return None
    return record if path.name == f"{record.call_id}.json" else None


class Drawer:
    """The exchanges as they lie in their folder; thread-safe. A file is read again only when it was replaced or written."""

    def __init__(self, project: Callable[[], Path]) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._files: dict[str, StatKey] = {}
        self._records: dict[str, ExchangeRecord | None] = {}
        self._sums: dict[Path, tuple[StatKey, str]] = {}

    def records(self) -> list[ExchangeRecord]:
        """All that can be read, oldest first."""
        folder = self._project() / FOLDER
        with self._lock:
            files = {name: key for name, key in regular_files(folder).items() if name.endswith(".json")}
            for name in self._files.keys() - files.keys():
                del self._records[name]
            for name, _ in files.items() - self._files.items():
                self._records[name] = read_exchange(folder / name)
            self._files = files
            found = [record for record in self._records.values() if record is not None]
        return sorted(found, key=lambda record: (record.asked_at, record.call_id))

    def sum_of(self, path: Path) -> str:
        """The file's SHA-256; empty when it is not there."""
        key = stat_key(path)
        known = self._sums.get(path)
        if key is None or (known is not None and known[0] == key):
            return known[1] if key and known else ""
        try:
            encoded, key = read_bytes(path, PICTURE_LIMIT_BYTES)
        except OSError:
            return ""
        self._sums[path] = (key, hashlib.sha256(encoded).hexdigest())
        return self._sums[path][1]


class ExchangesPart(Core):
    """Written once, never changed; they stay when their takes go."""

    _drawer: Drawer

    def keep_exchange(self, exchange: Exchange) -> None:
        """What was asked and what came back; the middle of very long words is left out. Raises WorkspaceError."""
        require_call_id(exchange.call_id)
        with self._writing("What the model answered"):
            self.keep_record(
                ExchangeRecord(
                    call_id=exchange.call_id,
                    kind=str(exchange.kind),
                    engine=exchange.engine,
                    model=exchange.model,
                    asked_at=exchange.asked_at.astimezone(UTC),
                    duration_s=finite(float(exchange.duration_s)) or 0.0,
                    prompt=exchange.prompt,
                    pictures=tuple(self._sent(picture) for picture in exchange.pictures[:PICTURE_COUNT_LIMIT]),
                    answer=exchange.answer,
                    cost_usd=finite(None if exchange.cost_usd is None else float(exchange.cost_usd)),
                )
            )

    def keep_record(self, record: ExchangeRecord) -> None:
        """The same for what is a record already."""
        with self._writing("What the model answered"):
            self._require_ours()
            folder = self.path / FOLDER
            make_folder(self._ground.disk, folder)
            short = replace(record, prompt=_shortened(record.prompt), answer=_shortened(record.answer))
            place(self._ground.disk, folder / f"{record.call_id}.json", pack_record(to_json(short)))

    def exchange(self, call_id: str) -> Exchange | None:
        """That of a call, or of the call in whose answer a further picture came; None when nothing is kept or it is damaged."""
        if CALL_ID.fullmatch(call_id) is None:
            return None
        record = read_exchange(self.path / FOLDER / f"{call_id}.json") if is_folder(self.path / FOLDER) else None
        if record is not None:
            return self._as_exchange(record)
        take = self._shelf.of_call(call_id) or self._trashed.of_call(call_id)
        return self.exchange(take.of) if take is not None and take.of not in {"", call_id} else None

    def exchanges(self, kinds: Collection[CallKind] | None = None) -> tuple[Exchange, ...]:
        """Those of these kinds (all when None), oldest first; damaged ones left out."""
        records = self._drawer.records()
        return tuple(self._as_exchange(record) for record in records if kinds is None or record.kind in kinds)

    def _names_sent(self) -> set[str]:
        """The pictures that exchanges name."""
        return {sent.file for record in self._drawer.records() for sent in record.pictures}

    def _require_ours(self) -> None:
        """A project of a newer version is not written to; damaged records are no reason to lose an answer."""
        try:
            state = self._store.load().state
        except ProjectDamagedError:
            return
        if state.is_newer:
            raise newer(state)

    def _sent(self, picture: SentPicture) -> SentRecord:
        name = ""
        if picture.path is not None:  # by its name: the project may have moved to the trash since
            folder = picture.path.parent.name
            name = f"{folder}/{picture.path.name}" if folder in {"frames", "takes"} else picture.path.name
        file_sha256 = self._drawer.sum_of(self.path / name) if is_picture_name(name) else ""
        return SentRecord(picture.role, picture.caption[:500], picture.sha256, name if file_sha256 else "", file_sha256)

    def _as_exchange(self, record: ExchangeRecord) -> Exchange:
        return Exchange(
            call_id=record.call_id,
            kind=CallKind(record.kind),
            engine=record.engine,
            model=record.model,
            asked_at=record.asked_at,
            duration_s=record.duration_s,
            prompt=record.prompt,
            pictures=tuple(SentPicture(sent.role, sent.caption, sent.sha256, self._path_of(sent)) for sent in record.pictures),
            answer=record.answer,
            cost_usd=record.cost_usd,
        )

    def _path_of(self, sent: SentRecord) -> Path | None:
        path = self.path / sent.file
        is_there = bool(sent.file) and is_folder(path.parent) and self._drawer.sum_of(path) == sent.file_sha256
        return path if is_there else None


def _shortened(text: str) -> str:
    """At most TEXT_LIMIT bytes, both ends kept."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= TEXT_LIMIT:
        return text
    half = TEXT_LIMIT // 2 - 50
    left_out = len(encoded) - 2 * half
    begin, end = (part.decode("utf-8", "ignore") for part in (encoded[:half], encoded[-half:]))
    return f"{begin}\n[… {left_out} bytes are not kept …]\n{end}"


def checked_exchange(encoded: bytes, name: str) -> None:
    """Raises RecordError when a bundle's file of that name is no exchange."""
    if len(encoded) > RECORD_LIMIT_BYTES:
        raise RecordError(f"{name} is too large")
    try:
        value: Any = json.loads(encoded)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{name} is not JSON") from error
    if f"{FOLDER}/{from_json(ExchangeRecord, value).call_id}.json" != name:
        raise RecordError(f"{name} belongs to another call")
