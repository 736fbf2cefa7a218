"""What a project's first look after a crash does: finish what was answered, adopt what was pictured, list what nobody knows.

Nothing is ever asked again. Calls of another process that lives are left alone; running it twice changes nothing more.
"""

from collections.abc import Callable, Container
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from maestro.errors import EngineError
from maestro.services.storage.drafts import drafts, is_whole
from maestro.services.storage.durable import PART_PREFIX, is_folder, place, read_bytes, regular_files, stat_key, sync_folder
from maestro.services.storage.envelope import pack_record
from maestro.services.storage.exchanges import ExchangeRecord, ExchangesPart
from maestro.services.storage.journal import Entry, Intent
from maestro.services.storage.locks import is_alive, is_own
from maestro.services.storage.records import CALL_ID, TAKE_FILE, TakeRecord, label_of, to_json
from maestro.services.storage.shelf import RECORD_LIMIT_BYTES, adopted, read_record
from maestro.services.storage.takes import TakesPart
from maestro.types import CallKind, GenerationResult, Picture, TakeLabel

Develop = Callable[[Intent, bytes], list[tuple[GenerationResult, Picture]]]
ANSWER_LIMIT_BYTES = 1 << 30


class RecoveryPart(TakesPart, ExchangesPart):
    """Finish, adopt, or list."""

    def recover(self, develop: Develop, in_flight: Container[str]) -> list[str]:
        """What was done, as sentences (they are among the project's notices too). Raises WorkspaceError.

        `develop` gives the pictures in a raw answer, or raises EngineError: then the call is listed with that sentence.
        `in_flight` are the calls of this process that still run.
        """
        if self._store.load().state.is_newer:
            return []
        self._tidy()
        self._take_in_drafts(in_flight)
        told: list[str] = []
        for entry in self._left_behind(in_flight):
            told += self._finish(entry, develop)
        told += self._adopt_all(in_flight)
        for sentence in told:
            self.note(sentence)
        return told

    def _tidy(self) -> None:
        with self._writing("The project"):
            self._facts_to_change()
            self._sweep_parts()
            self._end_deletions()

    def _sweep_parts(self) -> None:
        """Everyone who writes parts holds the lock that is held here (thumbnails are made again when theirs is gone)."""
        folders = [
            self.path,
            *(
                self.path / name
                for name in ("backups", "damaged", "exchanges", "frames", "incoming", "takes", "thumbs", "trash", "words")
            ),
        ]
        for folder in folders:
            if is_folder(folder):
                for part in folder.glob(f"{PART_PREFIX}*"):
                    self._ground.disk.unlink(part)

    def _end_deletions(self) -> None:
        """Where a record lies decides where its picture belongs."""
        takes, trash = self.path / "takes", self.path / "trash"
        pictures = regular_files(takes)
        for name in regular_files(trash):
            record = read_record(trash / name) if name.endswith(".json") else None
            if record is not None and record.file in pictures and f"{record.label}.json" not in pictures:
                self._ground.disk.replace(takes / record.file, trash / record.file)
                sync_folder(self._ground.disk, trash)

    def _take_in_drafts(self, in_flight: Container[str]) -> None:
        """Answers that were arriving: a whole one is kept as if it had been kept then; of the rest, its id at the provider."""
        with self._writing("The answer"):
            incoming = self.path / "incoming"
            for path, call_id, generation_id in drafts(incoming):
                entry = self._journal.entry(call_id)
                if not entry.end and self._is_running(entry, in_flight):
                    continue
                if not entry.end:
                    self._take_in_draft(entry, path, generation_id)
                with suppress(FileNotFoundError):
                    self._ground.disk.unlink(path)

    def _take_in_draft(self, entry: Entry, path: Path, generation_id: str) -> None:
        raw = path.with_name(f"{entry.call_id}.raw")
        body = read_bytes(path, ANSWER_LIMIT_BYTES)[0]
        if stat_key(raw) is None and is_whole(body):
            place(self._ground.disk, raw, body)
        kept = stat_key(raw)
        stage, size_bytes = ("sent", 0) if kept is None else ("answer", kept[1])
        self._journal.append(stage, entry.call_id, size_bytes=size_bytes, generation_id=generation_id)

    def _left_behind(self, in_flight: Container[str]) -> list[Entry]:
        entries = self._journal.entries()
        strays = (Path(name).stem for name in regular_files(self.path / "incoming") if name.endswith(".raw"))
        unknown = [Entry(stray) for stray in strays if CALL_ID.fullmatch(stray) and stray not in entries]
        # A further picture of an answer is finished with the answer's own call, or adopted.
        calls = [entry for entry in (*entries.values(), *unknown) if not entry.end and not entry.of]
        return [entry for entry in calls if not self._is_running(entry, in_flight)]

    def _is_running(self, entry: Entry, in_flight: Container[str]) -> bool:
        if (entry.of or entry.call_id) in in_flight:
            return True
        return not is_own(self._ground.workspace, entry.owner) and is_alive(self._ground.workspace, entry.owner)

    def _finish(self, entry: Entry, develop: Develop) -> list[str]:
        raw = self._answer(entry.call_id)
        if raw is not None and entry.intent is not None:
            return self._develop(entry, entry.intent, raw, develop)
        if self._has_take(entry.call_id):
            self._list(entry, "done", "")
            return []
        if entry.label is not None and self._orphan(entry.label) is not None:
            return []  # its picture is adopted
        has_answer = raw is not None
        self._list(replace(entry, was_sent=entry.was_sent or has_answer), "interrupted", _interrupted(entry, has_answer=has_answer))
        return []

    def _has_take(self, call_id: str) -> bool:
        return (self._shelf.of_call(call_id) or self._trashed.of_call(call_id)) is not None

    def _answer(self, call_id: str) -> bytes | None:
        try:
            return read_bytes(self.path / "incoming" / f"{call_id}.raw", ANSWER_LIMIT_BYTES)[0]
        except OSError:
            return None

    def _develop(self, entry: Entry, intent: Intent, raw: bytes, develop: Develop) -> list[str]:
        had_take = self._has_take(entry.call_id)
        try:
            pictures = develop(intent, raw)
        except EngineError as error:
            sentence = f"{error} It was asked for before Maestro stopped; the answer is kept in “incoming”."
            self._list(replace(entry, was_sent=True), "done" if had_take else "failed", sentence)
            return []
        known = {take.record.label for take in (*self._shelf.takes(), *self._trashed.takes())}
        result, duration_s = pictures[0][0], self._duration_s(entry, intent)
        pictures = [(replace(made, duration_s=made.duration_s or duration_s), picture) for made, picture in pictures]
        self._keep_what_it_saw(entry, intent, result, duration_s)
        labels = [take.label for take in self.add_takes(entry.call_id, pictures) if take.label not in known]
        return [
            f"Maestro had stopped before {label} was on disk: it was finished from the answer that was kept." for label in labels
        ]

    def _duration_s(self, entry: Entry, intent: Intent) -> float:
        """From the question to the last byte of its answer."""
        kept = stat_key(self.path / "incoming" / f"{entry.call_id}.raw")
        return 0.0 if kept is None else max(0.0, kept[2] / 1e9 - intent.began_at.timestamp())

    def _keep_what_it_saw(self, entry: Entry, intent: Intent, result: GenerationResult, duration_s: float) -> None:
        if not result.answer or self.exchange(entry.call_id) is not None:
            return
        self.keep_record(
            ExchangeRecord(
                call_id=entry.call_id,
                kind=str(CallKind.SHOOT),
                engine=intent.engine,
                model=result.model or intent.model,
                asked_at=intent.began_at,
                duration_s=duration_s,
                prompt=result.prompt or intent.prompt,
                pictures=entry.inputs.sent,
                answer=result.answer,
                cost_usd=result.cost_usd,
            )
        )

    def _list(self, entry: Entry, end: str, message: str) -> None:
        with self._writing("The end of the call"):
            if not self._journal.entry(entry.call_id).end:
                is_listed = end != "done"
                self._journal.append(end, entry.call_id, message=message, is_listed=is_listed, was_sent=entry.was_sent)

    def _adopt_all(self, in_flight: Container[str]) -> list[str]:
        with self._writing("The picture"):
            entries = self._journal.entries().values()
            running = {entry.label for entry in entries if not entry.end and self._is_running(entry, in_flight)}
            by_label = {entry.label: entry for entry in entries if entry.label is not None}
            recorded = {take.record.label for take in self._shelf.takes() if take.has_record}
            labels = (label_of(Path(name).stem) for name in regular_files(self.path / "takes") if TAKE_FILE.fullmatch(name))
            wanted = sorted({label for label in labels if label is not None} - running - recorded, key=str)
            return [sentence for label in wanted for sentence in self._adopt(label, by_label.get(label))]

    def _adopt(self, label: TakeLabel, entry: Entry | None) -> list[str]:
        record = self._orphan(label)
        if record is None:
            return []
        if entry is not None and entry.intent is not None:
            intent = entry.intent
            record = replace(
                record,
                call_id=entry.call_id,
                text=intent.text,
                engine=intent.engine,
                model=intent.model,
                frame_index=intent.frame_index,
                prompt=intent.prompt,
                asked=intent.asked,
                frame=entry.inputs.frame,
                style_sha256=entry.inputs.style_sha256,
                of=entry.of,
            )
        path = self.path / "takes" / f"{label}.json"
        if stat_key(path) is not None:
            self._store.backups.keep_damaged(read_bytes(path, RECORD_LIMIT_BYTES)[0])
        place(self._ground.disk, path, pack_record(to_json(record)))
        self._end({entry.call_id: record}) if entry is not None else self._count(record)
        return [f"{label} was found without a record: it was adopted."]

    def _count(self, record: TakeRecord) -> None:
        with self._changing("The take") as records:
            records.put_number(record.label)
            records.put_project(records.project)

    def _orphan(self, label: TakeLabel) -> TakeRecord | None:
        """The record to be of a picture that has none, or none that can be read."""
        takes = self.path / "takes"
        is_known = stat_key(self.path / "trash" / f"{label}.json") is not None or read_record(takes / f"{label}.json") is not None
        if is_known:
            return None
        names = (name for name in sorted(regular_files(takes)) if TAKE_FILE.fullmatch(name) and Path(name).stem == str(label))
        return next((adopted(takes / name, label) for name in names), None)


def _interrupted(entry: Entry, *, has_answer: bool) -> str:
    shot = f"shot {entry.intent.shot_id}" if entry.intent else "a shot"
    if has_answer:
        return (
            f"An answer for {shot} is kept in “incoming”, but the journal does not know what was asked; it may have been charged."
        )
    if entry.was_sent:
        return f"Maestro stopped while {shot} was being generated; it may have been charged."
    return f"Maestro stopped before {shot} was asked for; nothing was charged."
