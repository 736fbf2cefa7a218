"""The part of a project's folder that keeps words and wishes: the context, the director's shots, the user's edits and choices."""

from collections.abc import Callable
from dataclasses import replace

from tinydb.table import Document

from maestro.errors import EditConflictError, WorkspaceError
from maestro.services.storage.choices import is_shape
from maestro.services.storage.core import Core
from maestro.services.storage.facts import directed
from maestro.services.storage.records import WordsRecord, to_json
from maestro.types import Context, Directed, References, Shot


class WordsPart(Core):
    """An edit writes `words/shot-01.json` alone, so that it costs the same in a small and in a large project."""

    def rename(self, name: str) -> None:
        """Gives the project another name."""
        with self._changing("The name") as records:
            records.put_project(replace(records.project, name=name.strip() or records.project.name))

    def set_step(self, step: str) -> None:
        """Where the analysis stands: "describe", "direct" or empty."""
        with self._changing("Your change") as records:
            if records.project.step != step:
                records.put_project(replace(records.project, step=step))

    def keep_context(self, context: Context, model: str, *, step: str = "direct") -> None:
        """What the clip shows, as `model` described it; the analysis goes on at `step`."""
        with self._changing("The context") as records:
            records.put_project(replace(records.project, context=_plain(context), context_model=model, step=step))
            records.put_choices(replace(records.facts.choices, is_frames_changed=False))

    def edit_context(self, context: Context, base: Context) -> None:
        """The user's context. Raises EditConflictError when what is stored is neither `base` nor `context`."""
        with self._changing("Your change") as records:
            stored = records.project.context
            if stored == _plain(context):
                return
            if stored != _plain(base):
                raise EditConflictError(stored=_in_words(stored), mine=_in_words(context))
            records.put_project(replace(records.project, context=_plain(context)))

    def keep_shots(self, directed_: Directed) -> None:
        """The director's shots, all in one step: old words go to the history, takes stay, the analysis ends."""
        with self._changing("The shots") as records:
            facts = records.facts
            known = {
                shot_id: (shot, self._words_store(shot_id).load().facts)
                for shot_id, shot in facts.shots.items()
            }  # fmt: skip
            records.put_shots(directed(shot, known.get(shot.id)) for shot in directed_.shots)
            records.put_project(replace(records.project, director_model=directed_.model, step=""))

    def keep_shot(self, shot: Shot, model: str) -> None:
        """Another shot in the place of the one with its id; the old words go to the history, takes and the other shots stay.

        Raises WorkspaceError when there is no such shot.
        """
        with self._changing("The shot") as records:
            old = self._require_shot(records.facts, shot.id)
            records.put_shot(directed(shot, (old, self._words_store(shot.id).load().facts)))
            named = records.project.director_model.split(", ")
            names = named if model in named else [*named, model]
            records.put_project(replace(records.project, director_model=", ".join(filter(None, names))))

    def set_references(self, shot_id: int, references: References) -> None:
        """Which pictures the shot is made from; it stays so when it is directed again, and when the anchor is deleted.

        Raises WorkspaceError when there is no such shot, source frame or take.
        """
        with self._changing("Your choice") as records:
            facts = records.facts
            self._require_shot(facts, shot_id)
            index, anchor = references.frame_index, references.anchor
            if index is not None and index not in {frame.index for frame in facts.frames()}:
                raise WorkspaceError(f"The project has no source frame {index} any more.", next_step="Choose another frame.")
            if anchor is not None and not any(take.record.label == anchor and not take.is_missing for take in self._shelf.takes()):
                raise WorkspaceError(f"The picture of {anchor} is not there any more.", next_step="Choose another take.")
            known = facts.references.get(shot_id)
            if references != (known.references if known else References()):
                records.put_references(shot_id, references)
                records.put_project(records.project)

    def set_shape(self, aspect_ratio: str, size: str) -> None:
        """What pictures are asked for: "16:9" and "2K"; empty: as the clip, as the provider likes. Raises WorkspaceError."""
        if not is_shape(aspect_ratio, size):
            raise WorkspaceError("Pictures cannot be asked for in that shape.", next_step="Choose one from the list.")
        with self._changing("Your choice") as records:
            before = records.facts.choices
            if (aspect_ratio, size) != (before.aspect_ratio, before.size):
                records.put_choices(replace(before, aspect_ratio=aspect_ratio, size=size))
                records.put_project(records.project)

    def edit(self, shot_id: int, text: str, base: str) -> None:
        """A new step of the shot's words. Raises EditConflictError when what is stored is neither `base` nor `text`."""
        with self._writing("Your change"):
            now = self._words(self._facts_to_change(), shot_id)
            if now.text == text:
                return
            if now.text != base:
                raise EditConflictError(stored=now.text, mine=text)
            self._put_words(shot_id, now.edited(text))

    def undo(self, shot_id: int) -> str:
        """One step back, if there is one; the words that hold then."""
        return self._step(shot_id, WordsRecord.undone)

    def redo(self, shot_id: int) -> str:
        """One step forward, if there is one; the words that hold then."""
        return self._step(shot_id, WordsRecord.redone)

    def directors_words(self, shot_id: int) -> str:
        """Back to what the director wrote, as a new step of the history."""
        with self._writing("Your change"):
            facts = self._facts_to_change()
            now = self._words(facts, shot_id)
            text = facts.shots[shot_id].director_text
            if now.text != text:
                self._put_words(shot_id, now.edited(text))
            return text

    def _step(self, shot_id: int, step: Callable[[WordsRecord], WordsRecord]) -> str:
        with self._writing("Your change"):
            now = self._words(self._facts_to_change(), shot_id)
            after = step(now)
            if after != now:
                self._put_words(shot_id, after)
            return after.text

    def _put_words(self, shot_id: int, words: WordsRecord) -> None:
        with self._words_store(shot_id).change() as database:
            database.table("words", cache_size=0).upsert(Document(to_json(words), doc_id=1))


def _plain(context: Context) -> Context:
    return replace(context, emotional_tone=tuple(context.emotional_tone))


def _in_words(context: Context | None) -> str:
    if context is None:
        return ""
    return "\n".join((context.setting, context.main_action, ", ".join(context.emotional_tone), context.summary))
