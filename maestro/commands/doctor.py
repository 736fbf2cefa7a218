"""`maestro doctor`: whether all is there that Maestro needs, and what to do where it is not. Costs nothing."""

import importlib.util
import secrets
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

import click

from maestro import __version__, cluster
from maestro.attempts import attempt
from maestro.commands import reports
from maestro.commands.desk import Desk, Ended, opened
from maestro.commands.exits import sentence
from maestro.config import Settings
from maestro.errors import MaestroError
from maestro.models import STEPS
from maestro.types import ModelProfile, Survey

SOON = timedelta(days=30)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FONT_SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "~/.fonts", "~/.local/share/fonts")


class Grade(StrEnum):
    """A fault keeps Maestro from working, a warning does not."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `next_step` is empty when there is nothing to do."""

    what: str
    grade: Grade
    says: str
    next_step: str = ""


@click.command()
@click.option("--json", "is_json", is_flag=True, help="Print one JSON document on standard output.")
def doctor(*, is_json: bool) -> None:
    """Look at everything that Maestro needs; say what to do. Costs nothing.

    Exit code 0 when it can work, 1 when something keeps it from working, 2 when a setting is not allowed.
    """
    with opened(is_making=False) as desk:
        findings = list(examine(desk))
    if is_json:
        listed = [
            {"what": each.what, "grade": each.grade.value, "says": each.says, "next_step": each.next_step} for each in findings
        ]
        click.echo(reports.as_json({"version": __version__, "findings": listed}))
    else:
        rows = [(each.what, each.grade.value, f"{each.says} {each.next_step}".strip()) for each in findings]
        click.echo(reports.columns(rows))
    raise Ended(int(any(finding.grade is Grade.FAULT for finding in findings)))


def examine(desk: Desk) -> Iterator[Finding]:
    """Every finding, one after another."""
    yield Finding("version", Grade.OK, f"Maestro {__version__} on Python {sys.version.split()[0]}.")
    yield from _workspace(desk)
    yield _decoder(desk)
    yield from _engine(desk)
    if desk.settings.executor == "dask":
        yield from crew(desk.settings)
    yield _port(desk.settings)
    yield _fonts()
    yield _browser()


def _workspace(desk: Desk) -> Iterator[Finding]:
    folder, trouble = desk.settings.workspace, desk.studio.trouble()
    if trouble:
        yield _of(trouble, "workspace")
        return
    free_mb = shutil.disk_usage(folder).free / 1e6
    yield Finding("workspace", Grade.OK, f"{folder} can be written; {free_mb:,.0f} MB are free.")
    damaged = [card for card in desk.studio.projects() if card.trouble]
    for card in damaged:
        yield Finding("project", Grade.WARNING, f"“{card.name}” ({card.id}): {card.trouble}", "Open it in the app.")


def _decoder(desk: Desk) -> Finding:
    path, _ = desk.studio.sample_inputs()
    said: list[str] = []

    def look() -> None:
        clip = desk.studio.check_clip(path, path.name)
        said.append(f"The bundled clip opens: {clip.width_px} x {clip.height_px}, {clip.duration_s:.1f} s, {clip.codec}.")

    trouble = attempt(look, "the decoder")
    return _of(trouble, "decoder") if trouble else Finding("decoder", Grade.OK, said[0])


def _engine(desk: Desk) -> Iterator[Finding]:
    card = desk.studio.card
    if not card.is_paid:
        yield Finding("engine", Grade.OK, f"{card.title} answers; nothing is ever charged.", _on_key(desk.settings))
        return
    found: list[Survey] = []
    trouble = attempt(lambda: found.append(desk.studio.models.check()), "the provider")
    if trouble:
        yield _of(trouble, "engine")
        return
    survey = found[0]
    yield _key(survey)
    for step in STEPS:
        yield _model(desk.studio.models.profile(step))
    yield from (Finding("provider", Grade.WARNING, words) for words in survey.troubles if survey.key is not None)
    price = desk.studio.money.price(pictures=5, analyses=1)
    known = f"An analysis and five pictures cost about ${price.usd:.3f}." if price.usd is not None else "No price is known yet."
    yield Finding("price", Grade.OK if price.usd is not None else Grade.WARNING, known)


def _key(survey: Survey) -> Finding:
    if survey.key is None:
        says = " ".join(survey.troubles) or "The provider said nothing about the key."
        return Finding("key", Grade.FAULT, says, "Check OPENROUTER_API_KEY and MAESTRO_BASE_URL.")
    left_usd = survey.key.limit_remaining_usd
    if left_usd is not None and left_usd <= 0:
        return Finding(
            "key", Grade.FAULT, "The key is accepted, but nothing is left of its limit.", "Raise its limit at your provider."
        )
    left = "" if left_usd is None else f" ${left_usd:.2f} are left of its limit."
    return Finding("key", Grade.OK, f"The key is accepted.{left}")


def _model(profile: ModelProfile) -> Finding:
    what = f"{profile.step} model"
    if not profile.is_listed:
        variable = f"MAESTRO_{profile.step.upper()}_MODELS"
        return Finding(what, Grade.FAULT, f"{profile.id} is not in the provider's list.", f"Choose another one, or set {variable}.")
    if profile.expires_on and profile.expires_on - date.today() <= SOON:  # noqa: DTZ011 - a day of the user's calendar
        return Finding(what, Grade.WARNING, f"{profile.id} ends on {profile.expires_on.isoformat()}.", "Choose another one soon.")
    price = "" if profile.price_usd is None else f", about ${profile.price_usd:.4f} each"
    return Finding(what, Grade.OK, f"{profile.id} is there{price}.")


def _on_key(settings: Settings) -> str:
    return "Set OPENROUTER_API_KEY for the models of OpenRouter." if settings.engine == "auto" else ""


def crew(settings: Settings) -> Iterator[Finding]:
    """Whether the cluster is there, and its workers are like this program."""
    found: list[dict[str, cluster.Facts | None]] = []
    salt = secrets.token_hex(16)

    def look() -> None:
        with cluster.required(settings) as workers:
            found.append(workers.facts(salt))

    trouble = attempt(look, "the cluster")
    if trouble:
        yield _of(trouble, "cluster")
        return
    told, own = list(found[0].values()), cluster.facts_of(settings, salt)
    if not told:
        says = f"The scheduler at {settings.scheduler} answers, but no worker is there."
        yield Finding("cluster", Grade.FAULT, says, f"Start workers: dask worker {settings.scheduler}")
        return
    faults = list(unlike(told, own, is_paid=not settings.is_offline))
    yield from faults
    if not faults:
        yield Finding("cluster", Grade.OK, f"Workers at {settings.scheduler}: {len(told)}, all like this program.")


def unlike(told: list[cluster.Facts | None], own: cluster.Facts, *, is_paid: bool) -> Iterator[Finding]:
    """What is the matter with workers that told this of themselves."""
    others = [each for each in told if each is None or each.version != own.version]
    if others:
        says = f"{len(others)} of {len(told)} workers do not run Maestro {own.version}, or have settings that are not allowed."
        yield Finding("workers", Grade.FAULT, says, "Install the same version there, correct them, and start them again.")
    known = [each for each in told if each]
    if is_paid and (strangers := sum(each.key_mark != own.key_mark for each in known)):
        says = f"{strangers} of {len(told)} workers have no key, or another one than this program."
        step = "Set OPENROUTER_API_KEY where the workers are started, and start them again."
        yield Finding("workers' key", Grade.FAULT, says, step)
    if is_paid and (elsewhere := sum(each.base_url != own.base_url for each in known)):
        says = f"{elsewhere} of {len(told)} workers ask another provider than this program."
        yield Finding("workers' provider", Grade.FAULT, says, "Set MAESTRO_BASE_URL alike, and start them again.")


def _port(settings: Settings) -> Finding:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            says = f"{settings.host}:{settings.port} cannot be listened at: {error.strerror}."
            return Finding("port", Grade.WARNING, says, "The app takes the next free port.")
    return Finding("port", Grade.OK, f"{settings.host}:{settings.port} is free.")


def _fonts() -> Finding:
    """Text on pictures and in documents is set in bundled fonts first, then in those of the system."""
    own = _count(Path(__file__).resolve().parent.parent, 1)
    system = sum(_count(Path(name).expanduser(), 1) for name in FONT_FOLDERS)
    if own or system:
        return Finding(
            "fonts", Grade.OK, f"{'Bundled fonts' if own else 'Fonts'} are there{', and system fonts' if own and system else ''}."
        )
    return Finding("fonts", Grade.WARNING, "No font was found.", "Install one, for example the package fonts-dejavu.")


def _count(folder: Path, limit: int) -> int:
    if not folder.is_dir():
        return 0
    fonts = (path for path in folder.rglob("*") if path.suffix.lower() in FONT_SUFFIXES)
    return sum(1 for _, _ in zip(range(limit), fonts, strict=False))


def _browser() -> Finding:
    found: Callable[[str], str | None] = shutil.which
    has_driver = importlib.util.find_spec("playwright") is not None
    if any(found(name) for name in BROWSERS) and has_driver:
        return Finding("browser for tests", Grade.OK, "Chromium and its driver are there.")
    return Finding("browser for tests", Grade.WARNING, "Only tests need it.", "`make test` installs it.")


def _of(trouble: MaestroError, what: str) -> Finding:
    return Finding(what, Grade.FAULT, sentence(trouble))
