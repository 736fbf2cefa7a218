"""The Home page as a test sees it: AppTest over Home.py, with a real Studio on a workspace of its own and an engine that obeys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streamlit.testing.v1 import AppTest

from maestro.config import ROOT, Settings
from maestro.events import Events
from maestro.services.storage import Workspace
from maestro.studio import Studio
from maestro.types import Project, RowState
from maestro.ui.studio import replace
from tests.fakes import FakeEngine, directed_project, until


@dataclass
class Stage:
    """A studio, its engine, and one project that was analysed."""

    studio: Studio
    engine: FakeEngine
    project_id: str
    page: AppTest

    @property
    def project(self) -> Project:
        """As it is on disk now."""
        return self.studio.open(self.project_id)

    def until_idle(self, shot_id: int) -> None:
        """Until the shot's generation has ended."""
        in_flight = {RowState.QUEUED, RowState.RUNNING}
        until(self.studio.events, lambda: self.studio.row(self.project_id, shot_id).state not in in_flight)

    def until_analysed(self, project_id: str) -> None:
        """Until no step of its analysis runs."""
        until(self.studio.events, lambda: not self.studio.analysis(project_id).step)

    def click(self, key: str) -> None:
        """Presses the button of that key; the page has no fault of its own."""
        self.page.button(key=key).click().run()
        assert not self.page.exception

    def type(self, part: str, text: str) -> None:
        """Puts words into a field of Home, as leaving it does."""
        self.page.text_area(key=f"words-home-{self.project_id}-{part}").set_value(text).run()
        assert not self.page.exception

    def html(self) -> str:
        """Everything that the page draws by itself."""
        return "\n".join(element.proto.body for element in self.page.get("html"))


@contextmanager
def staged(folder: Path, *, has_project: bool = True) -> Iterator[Stage]:
    """Home on a project that was analysed, or on an empty workspace."""
    (folder / "workspace").mkdir()
    settings = Settings(workspace=folder / "workspace", cache=folder / "cache", min_free_mb=0)
    workspace = Workspace(settings.workspace, "0.1.0", 0)
    engine = FakeEngine()
    studio = Studio(settings, workspace, engine, Events())
    project_id = directed_project(workspace).id if has_project else ""
    replace(studio)
    page = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    if has_project:
        page.query_params["project"] = project_id
    try:
        yield Stage(studio, engine, project_id, page.run())
    finally:
        replace(None)
        studio.close(5.0)
