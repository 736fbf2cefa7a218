"""The workspace: the folder that keeps the projects, one folder each; removed ones wait in `.trash`."""

import os
import re
import secrets
import shutil
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from maestro.config import Settings
from maestro.errors import DiskFullError, ProjectMissingError, WorkspaceError
from maestro.services.storage.bundle_export import copy_project, write_bundle
from maestro.services.storage.bundle_import import unpack_bundle
from maestro.services.storage.core import Ground
from maestro.services.storage.durable import (
    FULL,
    PART_PREFIX,
    READ_ONLY,
    Disk,
    SystemDisk,
    is_folder,
    make_folder,
    place,
    read_bytes,
    sync_folder,
    told,
)
from maestro.services.storage.envelope import pack
from maestro.services.storage.folder import ProjectFolder
from maestro.services.storage.ledger import Ledger
from maestro.services.storage.listing import Listing, project_folders
from maestro.services.storage.locks import is_alive, presence_of, require_workspace, sweep_presences
from maestro.services.storage.preferences import PreferenceFile
from maestro.services.storage.records import ProjectRecord, to_json
from maestro.types import Preferences, ProjectCard

PROJECT_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
BARE_FLOOR_BYTES = 1 << 20
"""Free space below which not even words can be kept."""


class Workspace:
    """Thread-safe; one for the process. `disk` is what tests put a failing disk into."""

    def __init__(self, folder: Path, version: str, min_free_bytes: int = 0, *, disk: Disk | None = None) -> None:
        self.folder = folder
        self._min_free_bytes = min_free_bytes
        self._disk = disk or SystemDisk()
        self._ground = Ground(folder, self._disk, version)
        self._listing = Listing(self._ground)
        self.ledger = Ledger(self._ground)
        self._preferences = PreferenceFile(self._ground)
        self._folders: dict[str, ProjectFolder] = {}
        self._lock = threading.Lock()
        self._was_seen = False

    def probe(self) -> None:
        """Raises WorkspaceError or DiskFullError when nobody should work here now: missing, no folder, read-only, full.

        The default folder is made when it was never there; one that vanished while this process ran is not.
        """
        self._require()
        with _probing():
            probe = self.folder / f"{PART_PREFIX}probe-{secrets.token_hex(6)}"
            descriptor = self._disk.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            self._disk.close(descriptor)
            with suppress(FileNotFoundError):  # another process may have swept it
                self._disk.unlink(probe)
        self.check_space()
        self._sweep()

    def check_space(self, wanted_bytes: int = 0) -> None:
        """Raises DiskFullError when less than the floor would be left after `wanted_bytes`."""
        self._require()
        with told("Anything new"):
            free_bytes = self._disk.free_bytes(self.folder)
        if free_bytes < max(self._min_free_bytes, BARE_FLOOR_BYTES) + wanted_bytes:
            raise DiskFullError(f"Only {free_bytes / 1e6:.0f} MB are free on the workspace's disk.")

    def projects(self) -> list[ProjectCard]:
        """Newest change first; those that cannot be opened as they are say why in `trouble`."""
        self._require()
        try:
            names = project_folders(self.folder)
        except OSError as error:
            raise WorkspaceError(f"The workspace folder cannot be read: {error.strerror}.") from error
        return self._listing.cards([name for name in names if PROJECT_ID.fullmatch(name)])

    def create(self, name: str) -> ProjectFolder:
        """A new, empty project."""
        moment = datetime.now(UTC)
        record = ProjectRecord(name.strip() or "Untitled", moment, moment)
        with self._staged("The project") as staged:
            place(self._disk, staged / "project.json", pack({"project": {"1": to_json(record)}}, 1, self._ground.version))
            return self._settle(staged, record.name)

    def open(self, project_id: str) -> ProjectFolder:
        """The same object for an id within this process. Raises ProjectMissingError."""
        self._require()
        if PROJECT_ID.fullmatch(project_id) is None or not is_folder(self.folder / project_id):
            raise ProjectMissingError("There is no such project in this workspace.")
        return self._folder(project_id)

    def duplicate(self, project_id: str) -> ProjectFolder:
        """A copy under a new id: records, words, pictures; not its journal, backups and trash."""
        source = self.open(project_id)
        with self._staged("The copy") as staged:
            name = f"{source.read().name} copy"
            copy_project(source, staged)
            copy = self._settle(staged, name)
        copy.rename(name)
        return copy

    def remove(self, project_id: str) -> None:
        """To the trash. Calls in flight go on, and keep what they bring there."""
        self._move(self.open(project_id), self.folder, self._ground.trash)

    def discard(self, project_id: str) -> bool:
        """Takes away a project that nothing was ever kept in; False, and nothing is done, when something was."""
        project = self.open(project_id)
        with project.writing("The empty project"):
            if not project.is_bare():
                return False
            make_folder(self._disk, self.folder / ".staging")
            away = self.folder / ".staging" / f"{presence_of(self._disk, self.folder)}.{secrets.token_hex(6)}"
            self._disk.replace(self.folder / project_id, away)
            sync_folder(self._disk, self.folder)
        shutil.rmtree(away, ignore_errors=True)
        return True

    def bring_back(self, project_id: str) -> None:
        """Out of the trash. Raises ProjectMissingError when it is not in there."""
        self._require()
        if PROJECT_ID.fullmatch(project_id) is None or not is_folder(self._ground.trash / project_id):
            raise ProjectMissingError("There is no such project in the trash.")
        self._move(self._folder(project_id), self._ground.trash, self.folder)

    def last_opened(self) -> str | None:
        """The project that was opened last and still is there."""
        try:
            project_id = read_bytes(self.folder / ".last-opened", 200)[0].decode("ascii", "replace").strip()
        except OSError:
            return None
        return project_id if PROJECT_ID.fullmatch(project_id) and is_folder(self.folder / project_id) else None

    def remember(self, project_id: str) -> None:
        """Makes it the one that was opened last; a workspace that can only be read does not remember."""
        if self.last_opened() == self.open(project_id).id:
            return
        try:
            place(self._disk, self.folder / ".last-opened", project_id.encode())
        except OSError as error:
            if error.errno not in READ_ONLY | FULL:
                raise WorkspaceError(f"The workspace cannot be written to: {error.strerror}.") from error

    def preferences(self) -> Preferences:
        """What the user chose for the whole workspace, in whichever process."""
        return self._preferences.read()

    def set_preferences(self, change: Callable[[Preferences], Preferences]) -> None:
        """Keeps what `change` makes of the choices that hold now. Raises WorkspaceError."""
        self._preferences.change(change)

    def export_bundle(self, project_id: str, destination: Path) -> None:
        """The project as one ZIP file at `destination`: whole, or not there."""
        source = self.open(project_id)
        with told("The bundle"):
            write_bundle(source, self._disk, destination)

    def import_bundle(self, bundle: Path) -> ProjectFolder:
        """A new project from a ZIP that `export_bundle` made: whole, or not at all. Raises BundleError."""
        with self._staged("The project") as staged:
            name = unpack_bundle(bundle, self._disk, staged, self.check_space)
            return self._settle(staged, name)

    def _require(self) -> None:
        if self.folder.is_dir():
            self._was_seen = True
            return
        if self.folder.exists():
            raise WorkspaceError(
                "The workspace is no folder.", next_step="Set MAESTRO_WORKSPACE to a folder, then start Maestro again."
            )
        if self._was_seen:
            require_workspace(self.folder)
        if self.folder != Settings.model_fields["workspace"].default:
            raise WorkspaceError(
                "The workspace folder is missing.", next_step="Make the folder, or set MAESTRO_WORKSPACE to another one."
            )
        with _probing():
            make_folder(self._disk, self.folder)
        self._was_seen = True

    def _folder(self, project_id: str) -> ProjectFolder:
        with self._lock:
            return self._folders.setdefault(project_id, ProjectFolder(self._ground, project_id))

    @contextmanager
    def _staged(self, what: str) -> Iterator[Path]:
        """A folder in which a project is made before it gets its place; gone when it did not."""
        self._require()
        with told(what):
            make_folder(self._disk, self.folder / ".staging")
            staged = self.folder / ".staging" / f"{presence_of(self._disk, self.folder)}.{secrets.token_hex(6)}"
            make_folder(self._disk, staged)
            try:
                yield staged
            finally:
                shutil.rmtree(staged, ignore_errors=True)

    def _settle(self, staged: Path, name: str) -> ProjectFolder:
        project_id = _new_id(name)
        self._disk.replace(staged, self.folder / project_id)
        try:
            sync_folder(self._disk, self.folder)
        except OSError:
            self._disk.replace(self.folder / project_id, staged)  # it was not saved: it is not there
            raise
        return self._folder(project_id)

    def _move(self, project: ProjectFolder, source: Path, target: Path) -> None:
        with project.writing("The move"):
            make_folder(self._disk, self._ground.trash)
            if is_folder(target / project.id):
                raise WorkspaceError(
                    "There already is a project of this id.", next_step="Look into the workspace's “.trash” folder."
                )
            self._disk.replace(source / project.id, target / project.id)
            sync_folder(self._disk, target)
            sync_folder(self._disk, source)

    def _sweep(self) -> None:
        """What processes left behind that ended in the middle."""
        sweep_presences(self.folder)
        staging = self.folder / ".staging"
        for left in staging.iterdir() if is_folder(staging) else ():
            if not is_alive(self.folder, left.name.partition(".")[0]):
                shutil.rmtree(left, ignore_errors=True)
        for part in self.folder.glob(f"{PART_PREFIX}*"):
            if not part.name.startswith(f"{PART_PREFIX}probe-"):
                continue
            with suppress(OSError):
                part.unlink()


def _new_id(name: str) -> str:
    """Readable and unique: names may be equal, ids never are."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:32].strip("-")
    return f"{slug or 'project'}-{secrets.token_hex(4)}"


@contextmanager
def _probing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFullError("The workspace's disk is full.") from error
        reason = "can only be read" if error.errno in READ_ONLY else f"cannot be written to: {error.strerror}"
        raise WorkspaceError(
            f"The workspace folder {reason}.", next_step="Allow Maestro to write to it, or set MAESTRO_WORKSPACE to another folder."
        ) from error
