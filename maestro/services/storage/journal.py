"""The generation journal: append-only JSON lines, each durable before the next step begins.

intent -> sent -> answer -> picture (its name is chosen) -> done, or failed; recovery adds interrupted, the user dismissed.
Lines that cannot be read (a torn end, for example) are left where they are and passed over.
"""

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from maestro.errors import WorkspaceError
from maestro.services.storage.durable import Disk, append_line, open_regular
from maestro.services.storage.records import (
    CALL_ID,
    FRAME_FILE,
    STYLE_FILE,
    TAKE_FILE,
    AskedRecord,
    FrameRecord,
    RecordError,
    from_json,
    label_of,
    to_json,
)
from maestro.types import Interruption, TakeLabel


@dataclass(frozen=True, slots=True)
class Intent:
    """A call that is about to be made; `revision` is a hash of the text and the style that it asks for, `prompt` what is asked."""

    call_id: str
    shot_id: int
    revision: str
    engine: str
    model: str
    request_sha256: str
    text: str
    frame_index: int
    began_at: datetime
    prompt: str = ""
    asked: AskedRecord | None = None

    def __post_init__(self) -> None:
        require_call_id(self.call_id)


@dataclass(frozen=True, slots=True)
class SentRecord:
    """A picture that was sent. `sha256` is that of what was sent, `file_sha256` that of `file`, which may be larger."""

    role: str
    caption: str
    sha256: str
    file: str = ""
    file_sha256: str = ""

    def __post_init__(self) -> None:
        if self.file and not is_picture_name(self.file):
            raise RecordError("the name of a picture that was sent is not what it must be")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a call is made from: the style, the source frame, and the pictures as they are sent."""

    style_sha256: str = ""
    frame: FrameRecord | None = None
    sent: tuple[SentRecord, ...] = ()


def is_picture_name(name: str) -> bool:
    """Whether a project's picture may have that name, from the project's folder on."""
    folder, _, file = name.rpartition("/")
    pattern = {"": STYLE_FILE, "frames": FRAME_FILE, "takes": TAKE_FILE}.get(folder)
    return pattern is not None and pattern.fullmatch(file) is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a call stands. `end` is empty, "done", "failed" or "interrupted"; `owner` is a process's presence.

    A further picture of an answer has an entry of its own: `of` is the call that the answer was for. `generation_id` is known of
    calls that an earlier program did not end.
    """

    call_id: str
    intent: Intent | None = None
    owner: str = ""
    inputs: Inputs = Inputs()
    was_sent: bool = False
    has_answer: bool = False
    label: TakeLabel | None = None
    end: str = ""
    message: str = ""
    is_listed: bool = False
    is_dismissed: bool = False
    generation_id: str = ""
    of: str = ""

    @property
    def interruption(self) -> Interruption | None:
        """What the user is shown of it, if anything."""
        if not self.is_listed or self.is_dismissed or self.end == "done" or self.of:
            return None
        began_at = self.intent.began_at if self.intent else datetime.fromtimestamp(0, UTC)
        return Interruption(self.call_id, self.intent.shot_id if self.intent else 0, began_at, self.was_sent, self.message)


class Journal:
    """`entries` may be called by any thread; `append` only under the project's lock."""

    def __init__(self, disk: Disk, project: Callable[[], Path]) -> None:
        self._disk = disk
        self._project = project
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._read_from: tuple[int, int] = (0, 0)

    @property
    def path(self) -> Path:
        """The file."""
        return self._project() / "journal.jsonl"

    def append(self, stage: str, call_id: str, **facts: Any) -> None:
        """Adds a line, durably. Raises OSError."""
        line = {"stage": stage, "call": call_id, "at": datetime.now(UTC).isoformat(), **facts}
        append_line(self._disk, self.path, json.dumps(line).encode())

    def begin(self, intent: Intent, owner: str, inputs: Inputs) -> None:
        """The first line of a call."""
        self.append("intent", intent.call_id, intent=to_json(intent), owner=owner, **to_json(inputs))

    def entries(self) -> dict[str, Entry]:
        """Every call by its id, in the order of their beginnings. Only what was added since the last time is read."""
        with self._lock:
            self._catch_up()
            return dict(self._entries)

    def entry(self, call_id: str) -> Entry:
        """An empty one when the journal does not know it."""
        return self.entries().get(call_id, Entry(call_id))

    def interruptions(self) -> tuple[Interruption, ...]:
        """Those that the user did not dismiss."""
        listed = (entry.interruption for entry in self.entries().values())
        return tuple(interruption for interruption in listed if interruption is not None)

    def _catch_up(self) -> None:
        try:
            descriptor = open_regular(self.path)
        except OSError:
            self._entries, self._read_from = {}, (0, 0)
            return
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            inode, offset = self._read_from
            if inode != status.st_ino or offset > status.st_size:
                self._entries, offset = {}, 0
            stream.seek(offset)
            added = stream.read()
        whole = added[: added.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._take_in(line)
        self._read_from = (status.st_ino, offset + len(whole))

    def _take_in(self, line: bytes) -> None:
        try:
            facts = json.loads(line)
            call_id = facts["call"]
            require_call_id(call_id)
            known = self._entries.get(call_id) or self._new(call_id, facts.get("of", ""))
            self._entries[call_id] = _after(known, facts)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, WorkspaceError):
            return

    def _new(self, call_id: str, of: str) -> Entry:
        """What is known of a call before its first line: of a further picture, what its answer was asked with."""
        asked = self._entries.get(of)
        if asked is None:
            return Entry(call_id, of=of)
        return Entry(call_id, asked.intent, asked.owner, asked.inputs, was_sent=True, of=of)


def require_call_id(call_id: str) -> None:
    """Raises WorkspaceError: a call's id becomes a file's name."""
    if not isinstance(call_id, str) or CALL_ID.fullmatch(call_id) is None:
        raise WorkspaceError("A call's id may only hold letters, digits, - and _.")


def _after(entry: Entry, facts: dict[str, Any]) -> Entry:
    stage = facts["stage"]
    if stage in {"failed", "interrupted"}:
        was_sent, is_listed = entry.was_sent or bool(facts.get("was_sent")), bool(facts.get("is_listed"))
        known = replace(entry, end=stage, message=str(facts["message"]), is_listed=is_listed, was_sent=was_sent)
        return _ended(known)
    after = replace(entry, **_changes(stage, facts))
    return _ended(after) if after.end else after


def _ended(entry: Entry) -> Entry:
    """Without the words that only somebody who finishes it would need: a project has thousands of calls."""
    intent = entry.intent and replace(entry.intent, prompt="")
    return replace(entry, intent=intent, inputs=replace(entry.inputs, sent=()))


def _changes(stage: str, facts: dict[str, Any]) -> dict[str, Any]:
    match stage:
        case "intent":
            inputs = from_json(Inputs, {name: facts[name] for name in ("style_sha256", "frame", "sent") if name in facts})
            return {"intent": from_json(Intent, facts["intent"]), "owner": str(facts["owner"]), "inputs": inputs}
        case "sent":
            return {"was_sent": True} | _named(facts)
        case "answer":
            return {"was_sent": True, "has_answer": True} | _named(facts)
        case "picture":
            return {"label": label_of(str(facts["label"]))}
        case "done":
            return {"end": "done"}
        case "dismissed":
            return {"is_dismissed": True}
    raise RecordError("a stage that nobody knows")


def _named(facts: dict[str, Any]) -> dict[str, str]:
    named = str(facts.get("generation_id", ""))
    return {"generation_id": named} if named else {}
