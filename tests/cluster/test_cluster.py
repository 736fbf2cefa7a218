"""The same work on the workers of a cluster: the same pictures, each paid once, whatever dies."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import Client

from maestro import cluster
from maestro import crew as crews
from maestro.calls import Call
from maestro.commands import doctor
from maestro.config import Settings
from maestro.engines.openrouter import afar
from maestro.errors import ConnectionLostError, KeyRefusedError, SettingError, TooLongError
from maestro.events import Events
from maestro.opening import open_studio
from maestro.services.video.afar import FarBooth, with_clip
from maestro.services.video.parcels import Parcel, UnseenError
from maestro.studio import SAMPLE_CLIP, Studio
from maestro.types import SHOT_COUNT, RowState
from tests.clips import Recipe, make
from tests.cluster.crews import LIMIT_S, Crew
from tests.fakes import until
from tests.provider import Answer, Provider

SHOTS = range(1, SHOT_COUNT + 1)
BUSY = {RowState.QUEUED, RowState.RUNNING}


@contextmanager
def opened(folder: Path, crew: Crew | None, **settings: object) -> Iterator[Studio]:
    """A studio whose work is done by the crew, or here."""
    folder.mkdir(exist_ok=True)
    where: dict[str, object] = {"executor": "dask", "scheduler": crew.address} if crew else {}
    studio = open_studio(Settings.model_validate({"workspace": folder} | where | settings), Events(), is_watching=False)
    try:
        yield studio
    finally:
        studio.close()


def paid(provider: Provider) -> dict[str, object]:
    """The settings of a program that pays."""
    return {"OPENROUTER_API_KEY": "loopback", "base_url": provider.url}


def analysed(studio: Studio) -> str:
    """A small clip's project, with its five shots."""
    clip = make(studio.settings.workspace.parent / "clip.mp4", Recipe(frames=24, size=(320, 180)))
    _, style = studio.sample_inputs()
    project_id = studio.analyze(clip, clip.name, style)
    until(studio.events, lambda: not studio.analysis(project_id).step)
    assert studio.analysis(project_id).message == ""
    return project_id


def ended(studio: Studio, project_id: str) -> None:
    """Waits for all five."""
    until(studio.events, lambda: all(studio.row(project_id, number).state not in BUSY for number in SHOTS))


def pictures(studio: Studio, project_id: str) -> list[bytes]:
    """The takes' files, in order of their shots."""
    return [take.path.read_bytes() for sheet in studio.open(project_id).sheets for take in sheet.takes]


def story(studio: Studio, project_id: str) -> tuple[list[str], list[bytes]]:
    """Words and pictures of a clip, once all are there."""
    ended(studio, project_id)
    return [sheet.shot.text for sheet in studio.open(project_id).sheets], pictures(studio, project_id)


def test_what_workers_paint_is_what_is_painted_here_although_one_dies(tmp_path: Path, pair: Crew) -> None:
    """Every word and every byte: what it was painting, another one paints."""
    with opened(tmp_path / "here", None) as here:
        project_id = analysed(here)
        here.generate(project_id)
        own = story(here, project_id)
    with opened(tmp_path / "there", pair) as there:
        project_id = analysed(there)
        there.generate(project_id)
        until(there.events, lambda: len(pictures(there, project_id)) >= 1)
        pair.kill_one()

        assert len(own[1]) == SHOT_COUNT
        assert story(there, project_id) == own


def test_five_pictures_are_five_requests_at_once(tmp_path: Path, crew: Crew, provider: Provider) -> None:
    """More than the workers have threads: they only wait. The books agree with the provider's."""
    with opened(tmp_path / "workspace", crew, **paid(provider)) as studio:
        project_id = analysed(studio)
        gate = threading.Event()
        provider.script("/images", Answer(gate=gate), is_repeated=True)
        studio.generate(project_id)
        provider.wait_for(SHOT_COUNT, "/images", LIMIT_S)
        gate.set()
        ended(studio, project_id)

        assert len(pictures(studio, project_id)) == SHOT_COUNT == len(provider.matching("/images"))
        assert studio.money.spending(project_id).total_usd == pytest.approx(provider.billed_usd)


def test_a_paid_picture_whose_worker_died_is_listed_and_not_sent_again(tmp_path: Path, pair: Crew, provider: Provider) -> None:
    """The others are not touched."""
    with opened(tmp_path / "workspace", pair, **paid(provider)) as studio:
        project_id = analysed(studio)
        gate = threading.Event()
        provider.script("/images", Answer(gate=gate), is_repeated=True)
        studio.generate(project_id)
        sent = provider.wait_for(SHOT_COUNT, "/images", LIMIT_S)
        pair.kill_one()
        until(studio.events, lambda: any(studio.row(project_id, number).state is RowState.FAILED for number in SHOTS))
        gate.set()
        ended(studio, project_id)
        failed = [status for number in SHOTS if (status := studio.row(project_id, number)).state is RowState.FAILED]
        lost = [request for request in sent if request.disconnected.wait(0)]

        assert 1 <= len(failed) == len(lost) < SHOT_COUNT
        assert all("may have been charged" in status.message for status in failed)
        assert len(provider.matching("/images")) == SHOT_COUNT
        assert len(pictures(studio, project_id)) == SHOT_COUNT - len(failed)
        assert studio.money.spending(project_id).unknown_count == len(failed)


def test_who_is_asked_to_wait_holds_all_workers(tmp_path: Path, crew: Crew, provider: Provider) -> None:
    """The limiter is one, and it is here: after the word to wait nobody sends before its time."""
    with opened(tmp_path / "workspace", crew, **paid(provider)) as studio:
        project_id = analysed(studio)
        gate = threading.Event()
        provider.script("/images", Answer(429, headers={"Retry-After": "30"}), Answer(gate=gate), is_repeated=True)
        studio.generate(project_id, [1])
        until(studio.events, lambda: studio.row(project_id, 1).hold_s is not None)
        studio.generate(project_id)
        until(studio.events, lambda: all(studio.row(project_id, number).hold_s is not None for number in SHOTS))

        assert len(provider.matching("/images")) == 1
        studio.cancel(project_id)
        ended(studio, project_id)
        assert len(provider.matching("/images")) == 1


def test_a_cancelled_picture_is_a_closed_connection(tmp_path: Path, crew: Crew, provider: Provider) -> None:
    """Although somebody else holds it."""
    with opened(tmp_path / "workspace", crew, **paid(provider)) as studio:
        project_id = analysed(studio)
        provider.script("/images", Answer(hangs=True), is_repeated=True)
        studio.generate(project_id, [2])
        request = provider.wait_for(1, "/images", LIMIT_S)[0]
        studio.cancel(project_id)

        assert request.disconnected.wait(LIMIT_S)
        ended(studio, project_id)
        assert studio.row(project_id, 2).state is RowState.CANCELLED


def test_an_answer_that_is_lost_with_its_worker_is_not_asked_for_again(crew: Crew) -> None:
    """Dask would run it again; the token is gone."""
    with Client(crew.address, timeout=LIMIT_S, set_as_default=False) as client:
        token = cluster._token("once", client)
        token.put("once")
        first, second = (client.submit(cluster._at_work, "once", pow, (2, 5), pure=False).result(LIMIT_S) for _ in range(2))
        token.close()

    assert (first.value, first.was_refused) == (32, False)
    assert second.was_refused


def test_workers_read_clips_and_refuse_them_in_the_same_words(crew: Crew) -> None:
    """An error keeps what it knows on its way."""
    workers = cluster.connected(Settings(executor="dask", scheduler=crew.address))
    assert workers is not None
    booth = FarBooth(workers)
    with pytest.raises(TooLongError) as caught:
        booth.sample(SAMPLE_CLIP, "rabbit.mp4", 5, 1.0)
    workers.shutdown()

    assert (caught.value.max_s, "rabbit.mp4" in str(caught.value)) == (1.0, True)


def _size_of(clip: Parcel) -> tuple[bool, int]:
    """Stands for a worker on a computer that has no such file."""
    if not clip.content:
        raise UnseenError("not here")
    with clip.opened() as path:
        return path == clip.path, path.stat().st_size


def test_a_clip_that_a_worker_does_not_see_travels_with_the_question(tmp_path: Path) -> None:
    """Its bytes come second, and only then."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x" * 1000)
    with ThreadPoolExecutor(1) as executor:
        assert with_clip(executor, _size_of, clip, call=Call(LIMIT_S)) == (False, 1000)


def test_a_worker_without_a_key_says_so_and_sends_nothing(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of this program does not travel."""
    monkeypatch.setenv("MAESTRO_BASE_URL", provider.url)
    afar._own.cache_clear()
    posted = afar.post("/images", {}, provider.url)
    elsewhere = afar.post("/images", {}, "https://elsewhere.example/api/v1")
    afar._own()[1].close()
    afar._own.cache_clear()

    assert posted.fault is not None
    assert elsewhere.fault is not None
    assert isinstance(posted.fault.error, KeyRefusedError)
    assert "MAESTRO_BASE_URL" in str(elsewhere.fault.error)
    assert not posted.fault.error.may_be_charged
    assert not elsewhere.fault.error.may_be_charged
    assert provider.requests == []


def test_the_doctor_says_whether_the_workers_are_like_this_program(crew: Crew, provider: Provider) -> None:
    """Their version, their provider, and whether they have the same key, which does not travel."""
    where = {"executor": "dask", "scheduler": crew.address, "base_url": provider.url}
    alike, other = (
        list(doctor.crew(Settings.model_validate(where | {"OPENROUTER_API_KEY": key}))) for key in ("loopback", "other")
    )
    strange = doctor.unlike([None, cluster.Facts("0.0", "", "")], cluster.Facts("0.1", "mark", "url"), is_paid=True)

    assert [(finding.what, finding.grade) for finding in alike] == [("cluster", doctor.Grade.OK)]
    assert [(finding.what, finding.grade) for finding in other] == [("workers' key", doctor.Grade.FAULT)]
    assert "OPENROUTER_API_KEY" in other[0].next_step
    assert [finding.what for finding in strange] == ["workers", "workers' key", "workers' provider"]


@pytest.mark.parametrize(("scheduler", "named"), [("", "does not say"), ("tcp://127.0.0.1:9", "tcp://127.0.0.1:9")])
def test_a_cluster_that_is_not_there_is_a_sentence(scheduler: str, named: str) -> None:
    """It names the variable."""
    with pytest.raises(SettingError) as caught:
        cluster.connected(Settings(executor="dask", scheduler=scheduler), limit_s=0.5)

    assert named in str(caught.value)
    assert "MAESTRO_SCHEDULER" in str(caught.value)


def test_what_kills_every_worker_ends_as_a_sentence() -> None:
    """Three tries are enough."""
    with ThreadPoolExecutor(1) as executor, pytest.raises(ConnectionLostError) as caught:
        crews.ask(executor, _dies, call=Call(LIMIT_S))

    assert not caught.value.may_be_charged


def _dies() -> None:
    raise crews.LostError(has_begun=True)
