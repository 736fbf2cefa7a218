"""The part of a project's folder that gives earlier states of its records back, by the user's hand."""

from datetime import datetime
from pathlib import Path

from maestro.errors import ProjectDamagedError, WorkspaceError
from maestro.services.storage.backups import LIMIT_BYTES
from maestro.services.storage.core import Core
from maestro.services.storage.durable import read_bytes
from maestro.services.storage.envelope import DamagedStateError, State, unpack
from maestro.services.storage.facts import Facts, Records, directed, facts_of
from maestro.types import Backup, TakeLabel


class RestoringPart(Core):
    """Backups are of project.json alone: words that were edited, takes and pictures lie in files of their own and stay."""

    def backups(self) -> tuple[Backup, ...]:
        """Earlier states that can be opened, newest first, each once; the present one only where its own file is damaged."""
        present = self._present()
        found: dict[datetime, Backup] = {}
        for state in self._states():
            if present is None or state.tables != present.tables:
                moment = facts_of(state.tables).project.changed_at
                found.setdefault(moment, Backup(str(state.sequence), moment))
        return tuple(sorted(found.values(), key=lambda backup: backup.at, reverse=True))

    def _present(self) -> State | None:
        """The state in project.json; None when it cannot be opened."""
        try:
            loaded = self._loaded()
        except ProjectDamagedError:
            return None
        return None if loaded.damage else loaded.state

    def _states(self) -> list[State]:
        """Those that can be opened; the one whose file the next change replaces comes last."""
        paths = [*self._store.backups.candidates()]
        return [state for path in (*paths[1:], paths[0]) if (state := _readable(path)) is not None]

    def restore_backup(self, name: str) -> None:
        """Makes that state the present one; what was present becomes a backup first. Raises WorkspaceError when it is gone.

        Words that the director wrote since then go to the history; numbers of takes are never given twice.
        """
        with self._writing("The backup"):
            present = self._facts_to_change()
            state = next((state for state in self._states() if str(state.sequence) == name), None)
            if state is None:
                raise WorkspaceError("This backup is not there any more.", next_step="Choose another one.")
            self._keep_what_would_go()
            with self._store.change(state) as database:
                self._carry_over(Records(database, facts_of(state.tables)), present)

    def _keep_what_would_go(self) -> None:
        """Whoever tries one backup after the other must lose none: neither the present state, nor the one before it."""
        backups = self._store.backups
        _, *paths = backups.candidates()
        timed = [state.tables for path in paths if (state := _readable(path)) is not None]
        for path in (backups.previous, self._store.path):
            state = _readable(path)
            if state is not None and state.tables not in timed:
                backups.keep_copy(read_bytes(path, LIMIT_BYTES)[0], state.sequence, is_pruned=False)

    def _carry_over(self, records: Records, present: Facts) -> None:
        for shot_id, last in present.numbers.items():
            records.put_number(TakeLabel(shot_id, last))
        for shot_id, shot in records.facts.shots.items():
            own = self._words_store(shot_id).load().facts
            if own is not None and own.direction > shot.direction:  # words of a later direction would hide those that come back
                records.put_shot(directed(shot.shot, (present.shots.get(shot_id, shot), own)))


def _readable(path: Path) -> State | None:
    try:
        state = unpack(read_bytes(path, LIMIT_BYTES)[0])
        facts_of(state.tables)
    except (OSError, DamagedStateError, ValueError):
        return None
    return None if state.is_newer else state
