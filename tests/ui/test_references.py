"""What a shot is made from, and the shape that is asked for."""

from pathlib import Path

from maestro.errors import ModelGoneError
from maestro.services.storage import Workspace
from maestro.types import References, TakeLabel
from maestro.ui.references import find_frame
from tests.fakes import solid, source_frame
from tests.ui.home import Stage, staged


def _shots(stage: Stage) -> None:
    stage.page.switch_page("pages/1_Shots.py").run()
    assert not stage.page.exception


def test_a_source_frame_is_chosen_by_its_picture_and_given_back(tmp_path: Path) -> None:
    """The next take is made from it; the one that is there keeps its own."""
    with staged(tmp_path) as stage:
        stage.studio.generate(stage.project_id, [1])
        stage.until_idle(1)
        _shots(stage)
        stage.click(f"look-at-frame-100-{stage.project_id}")
        stage.click(f"generate-{stage.project_id}-1")
        stage.until_idle(1)

        assert [take.frame_index for take in stage.project.sheet(1).takes] == [20, 100]
        stage.page.button(key=f"nearest-{stage.project_id}-1").click().run()
        assert stage.project.sheet(1).references == References()


def test_an_earlier_take_becomes_the_anchor(tmp_path: Path) -> None:
    """Only where the model takes a third picture; the page says so otherwise."""
    with staged(tmp_path) as stage:
        stage.studio.generate(stage.project_id, [2])
        stage.until_idle(2)
        stage.studio.models.check()
        _shots(stage)
        stage.page.selectbox(key=f"anchor-{stage.project_id}-1").set_value("shot-02_take-01").run()

        assert stage.project.sheet(1).references.anchor == TakeLabel(2, 1)
        assert "anchor shot 2, take 1" in stage.html()


def test_a_frame_that_was_replaced_is_still_found(tmp_path: Path) -> None:
    """A take that was made from it is compared with it."""
    with staged(tmp_path) as stage:
        frames = tuple(source_frame(index) for index in (20, 40, 60, 80, 110))
        Workspace(stage.studio.settings.workspace, "0.1.0").open(stage.project_id).keep_frames(frames, frames[2])

        found = find_frame(stage.project, 100)
        assert found is not None
        assert found not in stage.project.frames


def test_only_what_the_model_can_is_offered_as_a_shape(tmp_path: Path) -> None:
    """The choice is asked for; what came otherwise is marked."""
    with staged(tmp_path) as stage:
        stage.studio.models.check()
        stage.page.run()
        shape = stage.page.selectbox(key=f"chosen-shape-bar-{stage.project_id}")
        assert shape.options == ["as the clip (16:9)", "1:1", "16:9"]
        shape.set_value("1:1").run()
        stage.engine.will(1, solid(1, width_px=64, height_px=64))
        stage.studio.generate(stage.project_id, [1, 2])
        stage.until_idle(1)
        stage.until_idle(2)
        stage.page.run()

        assert {order.aspect_ratio for order in stage.engine.orders} == {"1:1"}
        assert stage.html().count("other shape") == 1


def test_prices_stand_beside_the_buttons_and_a_cap_refuses_the_click(tmp_path: Path) -> None:
    """Nothing is asked; what was spent adds up in the bar."""
    with staged(tmp_path) as stage:
        stage.studio.models.check()
        stage.studio.generate(stage.project_id, [1])
        stage.until_idle(1)
        stage.studio.money.set_caps(0.10, 0)
        stage.page.run()
        assert "All: about $0.20 · missing: about $0.16 (list price)" in stage.html()
        assert "$0.04 spent" in stage.html()
        stage.click(f"generate-all-{stage.project_id}")

        assert stage.page.button(key=f"cap-bar-{stage.project_id}").label == "Raise the cap"
        assert len(stage.engine.orders) == 1


def test_a_model_that_is_gone_is_replaced_by_the_users_choice(tmp_path: Path) -> None:
    """The row asks the chosen one at once."""
    with staged(tmp_path) as stage:
        stage.engine.will(3, ModelGoneError("It is gone.", fallback_models=("other-image",)))
        stage.click(f"generate-{stage.project_id}-3")
        stage.until_idle(3)
        stage.page.run()
        use = next(button for button in stage.page.button if button.label == "Use other-image")
        use.click().run()
        stage.until_idle(3)

        assert stage.engine.card.image_models[0] == "other-image"
        assert len(stage.project.sheet(3).takes) == 1
