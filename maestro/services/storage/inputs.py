"""The part of a project's folder that keeps the inputs: source frames and style reference. Pictures first, record second.

A picture's name holds a part of its hash, so that new inputs never overwrite what the record still names.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from maestro.errors import WorkspaceError
from maestro.services.storage.choices import followed, retired
from maestro.services.storage.core import Core
from maestro.services.storage.durable import make_folder, place, read_bytes, told
from maestro.services.storage.facts import Facts, Records
from maestro.services.storage.records import FrameRecord, StyleRecord
from maestro.services.storage.shelf import PICTURE_LIMIT_BYTES
from maestro.types import PICTURE_SUFFIXES, Clip, Footage, Picture, References, SourceFrame, StyleReference


class InputsPart(Core):
    """Inputs in, inputs out."""

    def keep_inputs(self, footage: Footage, style: StyleReference) -> None:
        """The sampled frames and the style; the analysis begins at "describe". A context of another clip does not stay."""
        with self._changing("The clip's frames") as records:
            frames = tuple(self._keep_frame(frame) for frame in footage.frames)
            director_frame = self._keep_frame(footage.director_frame)
            kept_style = self._keep_style(style)
            old = records.project
            is_other_clip = old.clip is not None and old.clip.sha256 != footage.clip.sha256
            records.put_project(
                replace(
                    old,
                    clip=_plain(footage.clip),
                    frames=frames,
                    director_frame=director_frame,
                    style=kept_style,
                    context=None if is_other_clip else old.context,
                    step="describe",
                )
            )
            records.put_choices(replace(records.facts.choices, is_frames_changed=False))
            self._follow(records, is_other_clip=is_other_clip)

    def keep_frames(self, frames: Sequence[SourceFrame], director_frame: SourceFrame) -> None:
        """Other frames of the same clip, in any order: they are kept in time order. Those before stay readable by their index.

        A shot that was to be made from a frame that one other took the place of is made from that one.
        """
        with self._changing("The clip's frames") as records:
            in_order = sorted(frames, key=lambda frame: frame.index)
            kept = tuple(self._keep_frame(frame) for frame in in_order)
            kept_director_frame = self._keep_frame(director_frame)
            old = records.project
            if (kept, kept_director_frame) == (old.frames, old.director_frame):
                return
            records.put_project(replace(old, frames=kept, director_frame=kept_director_frame))
            records.put_choices(replace(records.facts.choices, is_frames_changed=True))
            self._follow(records, is_other_clip=False)

    def _follow(self, records: Records, *, is_other_clip: bool) -> None:
        """What was chosen among the frames before, carried over to those of `records.project`."""
        facts, project = records.facts, records.project
        now = replace(facts, project=project).frames()
        records.put_retired(() if is_other_clip else retired(facts.retired, facts.frames(), now))
        before, indices = tuple(frame.index for frame in facts.frames()), tuple(frame.index for frame in now)
        for shot_id, chosen in facts.references.items():
            after = References(followed(chosen.frame_index, before, indices), chosen.anchor)
            after = References() if is_other_clip else after
            if after != chosen.references:
                records.put_references(shot_id, after)

    def keep_style(self, style: StyleReference) -> None:
        """Another style reference: takes made with the one before become stale."""
        with self._changing("The style picture") as records:
            records.put_project(replace(records.project, style=self._keep_style(style)))

    def footage_frames(self) -> tuple[SourceFrame, ...]:
        """The sampled frames in time order, read from disk. Raises WorkspaceError when one is gone."""
        return tuple(self._frame(frame) for frame in self._facts().project.frames)

    def source_frame(self, index: int) -> SourceFrame:
        """The source frame of that index in the clip (the director's too, and those before a swap). Raises WorkspaceError."""
        frame = self._facts().frame(index)
        if frame is not None:
            return self._frame(frame)
        raise WorkspaceError(f"The project has no source frame {index}.", next_step="Analyze the clip again.")

    def frame_path(self, index: int) -> Path | None:
        """Where the source frame of that index lies, None when the project has none."""
        frame = self._facts().frame(index)
        return None if frame is None else self.path / "frames" / frame.file

    def style(self) -> StyleReference:
        """The style reference, read from disk. Raises WorkspaceError when there is none."""
        kept = self._facts().project.style
        if kept is None:
            raise WorkspaceError("The project has no style picture yet.", next_step="Choose a style picture.")
        try:
            encoded, _ = read_bytes(self.path / kept.file, PICTURE_LIMIT_BYTES)
        except OSError as error:
            raise WorkspaceError("The style picture is missing.", next_step="Choose a style picture again.") from error
        return StyleReference(kept.name, kept.sha256, Picture(encoded, kept.media_type, kept.width_px, kept.height_px))

    def _facts(self) -> Facts:
        facts: Facts | None = self._loaded().facts
        if facts is None:
            raise WorkspaceError("A newer version of Maestro wrote this project.", next_step="Update Maestro to open it.")
        return facts

    def _frame(self, frame: FrameRecord) -> SourceFrame:
        try:
            png, _ = read_bytes(self.path / "frames" / frame.file, PICTURE_LIMIT_BYTES)
        except OSError as error:
            raise WorkspaceError(f"Source frame {frame.index} is missing.", next_step="Analyze the clip again.") from error
        return SourceFrame(frame.index, frame.time_s, png, frame.width_px, frame.height_px)

    def _keep_frame(self, frame: SourceFrame) -> FrameRecord:
        file = f"frames/frame-{frame.index:06d}-{_hash(frame.png)}.png"
        self._keep(file, frame.png)
        return FrameRecord(
            int(frame.index), float(frame.time_s), file.removeprefix("frames/"), int(frame.width_px), int(frame.height_px)
        )

    def _keep_style(self, style: StyleReference) -> StyleRecord:
        picture = style.picture
        file = f"style-{_hash(picture.encoded)}{PICTURE_SUFFIXES[picture.media_type]}"
        self._keep(file, picture.encoded)
        return StyleRecord(style.name, style.sha256, file, picture.media_type, picture.width_px, picture.height_px)

    def _keep(self, file: str, encoded: bytes) -> None:
        path = self.path / file
        with told("The picture"):
            if path.parent != self.path:
                make_folder(self._ground.disk, path.parent)
            if not _holds(self.path / file, encoded):
                place(self._ground.disk, path, encoded)


def _holds(path: Path, encoded: bytes) -> bool:
    try:
        return read_bytes(path, PICTURE_LIMIT_BYTES)[0] == encoded
    except OSError:
        return False


def _hash(encoded: bytes) -> str:
    return hashlib.sha256(encoded).hexdigest()[:12]


def _plain(clip: Clip) -> Clip:
    """Its numbers as Python's own, whatever measured them."""
    return replace(clip, duration_s=float(clip.duration_s), fps=float(clip.fps))
