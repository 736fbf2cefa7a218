"""Which project was begun for a clip, as long as it keeps nothing that tells: a run that is killed meanwhile finds it again."""

from dataclasses import dataclass
from pathlib import Path

from maestro.commands.delivery import write_whole
from maestro.commands.holding import path_of
from maestro.errors import ProjectMissingError
from maestro.studio import Studio


@dataclass(frozen=True, slots=True)
class Begun:
    """A note beside the lock of the clip's inputs; only for who holds that."""

    path: Path

    def remember(self, project_id: str) -> None:
        """It was begun just now."""
        write_whole(self.path, project_id)

    def forget(self) -> None:
        """It keeps its clip now, or is gone."""
        self.path.unlink(missing_ok=True)

    def found(self, studio: Studio) -> str:
        """The project, empty when there is none or when it is no empty one any more."""
        if not self.path.is_file():
            return ""
        project_id = self.path.read_text(encoding="utf-8").strip()
        try:
            project = studio.open(project_id)
        except ProjectMissingError:
            return ""
        return "" if project.clip or project.frames or project.is_read_only else project_id


def begun(workspace: Path, inputs: str) -> Begun:
    """The note for these inputs."""
    return Begun(path_of(workspace, inputs, "begun"))
