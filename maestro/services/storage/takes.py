"""The part of a project's folder that keeps takes: marks, trash, and the way from a paid picture to a take."""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from maestro.errors import NewerProjectError, ProjectDamagedError, WorkspaceError
from maestro.services.storage.core import Core
from maestro.services.storage.drafts import drop_drafts
from maestro.services.storage.durable import make_folder, place, read_bytes, regular_files, stat_key, sync_folder
from maestro.services.storage.envelope import pack_record
from maestro.services.storage.facts import Facts
from maestro.services.storage.journal import Entry
from maestro.services.storage.records import NUMBER_LIMIT, FrameRecord, TakeRecord, finite, label_of, to_json
from maestro.services.storage.shelf import PICTURE_LIMIT_BYTES, Shelved
from maestro.services.storage.wanted import Wanted, is_stale, wanted
from maestro.types import PICTURE_SUFFIXES, FrameOnDisk, GenerationResult, Picture, Take, TakeLabel


class TakesPart(Core):
    """A take never changes: saving marks it in project.json, deleting moves its two files."""

    def save(self, label: TakeLabel, *, is_saved: bool) -> None:
        """Marks or unmarks the take for the Gallery. Raises WorkspaceError when there is no such take."""
        with self._changing("Your change") as records:
            if not any(take.record.label == label for take in self._shelf.takes()):
                raise _no_take(label)
            if records.facts.is_saved(label) != is_saved:
                records.put_mark(label, is_saved=is_saved)
                records.put_project(records.project)

    def delete_take(self, label: TakeLabel) -> None:
        """To the project's trash: the record first, since where it lies decides; its picture follows, at the latest on recovery."""
        self._move(label, self.path / "takes", self.path / "trash", record_first=True)

    def restore_take(self, label: TakeLabel) -> None:
        """Out of the trash, with its mark."""
        self._move(label, self.path / "trash", self.path / "takes", record_first=False)

    def add_take(self, call_id: str, result: GenerationResult, picture: Picture) -> Take:
        """The take of an answer that holds one picture; see `add_takes`."""
        return self.add_takes(call_id, [(result, picture)])[0]

    def add_takes(self, call_id: str, pictures: Sequence[tuple[GenerationResult, Picture]]) -> tuple[Take, ...]:
        """All pictures of one answer: each one's file, then its record; after the last one the end of the call.

        Asked again for the same call, it gives the same takes. The first is the call's own; a further one counts as a call
        `<call_id>-2`, `-3`, which cost nothing, and says whose answer it came with. The same bytes twice are one take.
        Works for a project in the trash too: what was paid for is kept wherever the project is.
        """
        with self._writing("The picture"):
            kept: dict[str, TakeRecord] = {}
            for number, (result, picture) in enumerate(_distinct(pictures), 1):
                entry = self._entry(call_id, number)
                known = self._shelf.of_call(entry.call_id) or self._trashed.of_call(entry.call_id)
                first = next(iter(kept.values()), None)
                kept[entry.call_id] = known or self._shelve(entry, _further(result, first.label) if first else result, picture)
            self._end(kept)
            return tuple(self._as_it_stands(record) for record in kept.values())

    def _entry(self, call_id: str, number: int) -> Entry:
        """What the journal knows of the answer's n-th picture."""
        asked = self._journal.entry(call_id)
        if number == 1:
            return asked
        own_id = f"{call_id[:56]}-{number}"
        return replace(asked, call_id=own_id, of=call_id, label=self._journal.entry(own_id).label)

    def _as_it_stands(self, record: TakeRecord) -> Take:
        facts = self._facts_or_none()
        has_shot = facts is not None and record.shot_id in facts.shots
        text = self._words(facts, record.shot_id).text if facts and has_shot else record.text
        now = wanted(facts, record.shot_id, text)
        return as_take(self.path / "takes", Shelved(record, is_missing=False), facts, now)

    def _shelve(self, entry: Entry, result: GenerationResult, picture: Picture) -> TakeRecord:
        label = self._label_for(entry, result.shot_id, picture)
        record = self._record_of(label, entry, result, picture)
        takes = self.path / "takes"
        make_folder(self._ground.disk, takes)
        place(self._ground.disk, takes / record.file, picture.encoded)
        place(self._ground.disk, takes / f"{label}.json", pack_record(to_json(record)))
        return record

    def _end(self, kept: dict[str, TakeRecord]) -> None:
        """The end of calls that came to takes, by their ids; that of the answer's own call comes last."""
        highest = max(kept.values(), key=lambda record: record.number)
        # Numbers can also be told from the files: records that cannot be written must not cost the picture.
        with suppress(NewerProjectError, ProjectDamagedError), self._changing("The take") as records:
            if records.facts.numbers.get(highest.shot_id, 0) < highest.number:
                records.put_number(highest.label)
                records.put_project(records.project)
        for call_id, record in reversed(kept.items()):
            if self._journal.entry(call_id).end != "done":
                self._journal.append("done", call_id, label=str(record.label))
        incoming = self.path / "incoming"
        for call_id in kept:
            with suppress(OSError):  # an answer that stays when its take is kept costs room and nothing else
                self._ground.disk.unlink(incoming / f"{call_id}.raw")
            drop_drafts(self._ground.disk, incoming, call_id)

    def _label_for(self, entry: Entry, shot_id: int, picture: Picture) -> TakeLabel:
        """The label that the journal kept for the call, or a new one, kept before its file is made."""
        if entry.label is not None and self._is_free(entry.label, picture):
            return entry.label
        label = self._next_label(entry.intent.shot_id if entry.intent else shot_id)
        whose = {"of": entry.of} if entry.of else {}
        self._journal.append("picture", entry.call_id, label=str(label), **whose)
        return label

    def _is_free(self, label: TakeLabel, picture: Picture) -> bool:
        if any(stat_key(self.path / folder / f"{label}.json") for folder in ("takes", "trash")):
            return False
        path = self.path / "takes" / f"{label}{PICTURE_SUFFIXES[picture.media_type]}"
        try:
            return read_bytes(path, PICTURE_LIMIT_BYTES)[0] == picture.encoded
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def _next_label(self, shot_id: int) -> TakeLabel:
        facts = self._facts_or_none()
        numbers = [facts.numbers.get(shot_id, 0) if facts else 0]
        for folder in ("takes", "trash"):
            labels = (label_of(Path(name).stem) for name in regular_files(self.path / folder))
            numbers += [label.number for label in labels if label is not None and label.shot_id == shot_id]
        kept = (entry.label for entry in self._journal.entries().values())
        numbers += [label.number for label in kept if label is not None and label.shot_id == shot_id]
        if max(numbers) < NUMBER_LIMIT:
            return TakeLabel(shot_id, max(numbers) + 1)
        # A file with the last of all names must not cost a picture that is paid for.
        return TakeLabel(shot_id, next(number for number in range(1, NUMBER_LIMIT) if number not in numbers))

    def _record_of(self, label: TakeLabel, entry: Entry, result: GenerationResult, picture: Picture) -> TakeRecord:
        intent, facts = entry.intent, self._facts_or_none()
        text = intent.text if intent else self._words(facts, label.shot_id).text if facts and label.shot_id in facts.shots else ""
        return TakeRecord(
            shot_id=label.shot_id,
            number=label.number,
            file=f"{label}{PICTURE_SUFFIXES[picture.media_type]}",
            call_id=entry.call_id,
            text=text,
            prompt=result.prompt or (intent.prompt if intent else ""),
            engine=result.engine,
            model=result.model,
            created_at=result.created_at.astimezone(UTC),
            duration_s=finite(float(result.duration_s)) or 0.0,
            cost_usd=finite(None if result.cost_usd is None else float(result.cost_usd)),
            media_type=picture.media_type,
            width_px=int(picture.width_px),
            height_px=int(picture.height_px),
            size_bytes=len(picture.encoded),
            sha256=hashlib.sha256(picture.encoded).hexdigest(),
            frame_index=int(intent.frame_index) if intent else 0,
            style_sha256=entry.inputs.style_sha256 if intent else facts.style_sha256 if facts else "",
            notes=tuple(result.notes),
            frame=entry.inputs.frame,
            of=entry.of,
            asked=intent.asked if intent else None,
        )

    def _facts_or_none(self) -> Facts | None:
        try:
            facts: Facts | None = self._store.load().facts
        except ProjectDamagedError:
            return None
        return facts

    def _move(self, label: TakeLabel, source: Path, target: Path, *, record_first: bool) -> None:
        with self._writing("Your change"):
            self._facts_to_change()
            shelf = self._shelf if source.name == "takes" else self._trashed
            record = next((take.record for take in shelf.takes() if take.record.label == label), None)
            if record is None:
                raise _no_take(label)
            names = [f"{label}.json", record.file] if record_first else [record.file, f"{label}.json"]
            try:
                self._carry(names, source, target)
                with self._changing("Your change") as records:
                    records.put_project(records.project)
            except (OSError, WorkspaceError):
                with suppress(OSError):  # what is said not to be saved must not have happened
                    self._carry(names[::-1], target, source)
                raise

    def _carry(self, names: list[str], source: Path, target: Path) -> None:
        disk = self._ground.disk
        make_folder(disk, target)
        for name in names:
            with suppress(FileNotFoundError):  # the picture may be missing: the take can still go
                disk.replace(source / name, target / name)
        sync_folder(disk, target)
        sync_folder(disk, source)


def _no_take(label: TakeLabel) -> WorkspaceError:
    return WorkspaceError(f"There is no take {label} any more.", next_step="Open the project again.")


def _distinct(pictures: Sequence[tuple[GenerationResult, Picture]]) -> list[tuple[GenerationResult, Picture]]:
    """Some answers hold one picture in two places."""
    by_bytes: dict[bytes, tuple[GenerationResult, Picture]] = {}
    for result, picture in pictures:
        by_bytes.setdefault(picture.encoded, (result, picture))
    return list(by_bytes.values())


def _further(result: GenerationResult, first: TakeLabel) -> GenerationResult:
    note = f"Further picture of the same answer as {first}; it cost nothing more."
    return replace(result, cost_usd=0.0, notes=(*result.notes, note))


def on_disk(project: Path, frames: Iterable[FrameRecord]) -> tuple[FrameOnDisk, ...]:
    """Source frames as they lie in a project's folder."""
    folder = project / "frames"
    return tuple(FrameOnDisk(frame.index, frame.time_s, folder / frame.file, frame.width_px, frame.height_px) for frame in frames)


def frame_of(record: TakeRecord, facts: Facts | None) -> FrameRecord | None:
    """The source frame that a take was made from; for one that did not note its file, what the project has under its index."""
    if record.frame is not None or record.is_adopted or facts is None:
        return record.frame
    return facts.frame(record.frame_index)


def as_take(folder: Path, shelved: Shelved, facts: Facts | None, now: Wanted | None) -> Take:
    """A take as it stands in `folder`, beside what one would be made from `now`."""
    record = shelved.record
    frame = frame_of(record, facts)
    return Take(
        label=record.label,
        text=record.text,
        prompt=record.prompt,
        engine=record.engine,
        model=record.model,
        created_at=record.created_at,
        duration_s=record.duration_s,
        cost_usd=record.cost_usd,
        media_type=record.media_type,
        width_px=record.width_px,
        height_px=record.height_px,
        sha256=record.sha256,
        frame_index=record.frame_index,
        path=folder / record.file,
        is_saved=facts is not None and facts.is_saved(record.label),
        is_stale=now is not None and is_stale(record, now),
        is_missing=shelved.is_missing,
        is_adopted=record.is_adopted,
        notes=record.notes,
        call_id=record.call_id,
        frame=on_disk(folder.parent, [frame])[0] if frame else None,
    )
