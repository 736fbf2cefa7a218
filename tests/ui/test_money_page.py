"""The line of money in the sidebar and the sheet behind it, as AppTest sees them over a fake studio."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace as changed
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput

from maestro.errors import WorkspaceError
from maestro.types import CallKind, Charge, ChargeState
from maestro.ui import ledger, money, studio
from tests.ui import FakeStudio, shown_project
from tests.ui.books import NOW
from tests.ui.test_engine import PAID
from tests.ui.test_gallery import html, press
from tests.ui.test_shell import page


@pytest.fixture(name="held")
def _held(tmp_path: Path) -> Iterator[FakeStudio]:
    held = FakeStudio(tmp_path, shown_project(tmp_path))
    held.shown_card = PAID
    studio.replace(held)
    yield held
    studio.replace(None)


def sheet(folder: Path) -> AppTest:
    """The page with the sheet open."""
    return press(page(folder), "money-open")


def cap(drawn: AppTest, scope: str) -> NumberInput:
    """The field of that cap."""
    return next(field for field in drawn.number_input if field.label == f"A {scope} may cost, in dollars")


def amounts(drawn: str) -> list[str]:
    """The last column of the table of sums."""
    table = drawn[drawn.index('<table class="m-sums">') :]
    return re.findall(r"<td>(\$[\d.,]+)</td></tr>", table)


def test_the_line_says_what_was_spent_and_of_what(held: FakeStudio, tmp_path: Path) -> None:
    """This project, and today in all of them."""
    held.ledger.paid(1, 0.32)
    held.ledger.paid(2, 0.78, project_id="harbour-2")

    assert "This project $0.32 · today $1.10 of $50.00" in html(page(tmp_path))


def test_where_nothing_can_cost_and_nothing_did_there_is_no_line(held: FakeStudio, tmp_path: Path) -> None:
    """The offline engine."""
    held.shown_card = changed(PAID, is_paid=False)

    assert [one.key for one in page(tmp_path).button if one.key == "money-open"] == []


def test_where_something_was_paid_before_the_offline_engine_shows_it(held: FakeStudio, tmp_path: Path) -> None:
    """The ledger does not go with the key."""
    held.shown_card = changed(PAID, is_paid=False)
    held.ledger.paid(1, 0.32)

    assert "This project $0.32" in html(page(tmp_path))


def test_the_table_adds_up_as_it_is_written(held: FakeStudio, tmp_path: Path) -> None:
    """Analysis, shots and what is unassigned, to the last decimal that is shown."""
    for shot, cost, kind in (
        (0, 0.0021, CallKind.DESCRIBE),
        (0, 0.0100003, CallKind.DIRECT),
        (1, 0.0387243, CallKind.SHOOT),
        (1, 0.0387243, CallKind.SHOOT),
        (3, 0.0404, CallKind.REDIRECT),
        (0, 0.07, CallKind.UNASSIGNED),
    ):
        held.ledger.paid(shot, cost, kind)
    drawn = html(sheet(tmp_path))
    *lines, total = [round(float(amount[1:]) * 1e4) for amount in amounts(drawn)]

    assert (sum(lines), total) == (1999, 1999)
    assert '<th scope="row">Unassigned</th>' in drawn
    assert "Unassigned is what your key was charged while a call of this project broke off" in drawn


def test_sums_of_whole_cents_are_written_in_cents(held: FakeStudio, tmp_path: Path) -> None:
    """No decimals for their own sake."""
    held.ledger.paid(1, 0.04)
    held.ledger.paid(2, 0.1)

    assert amounts(html(sheet(tmp_path))) == ["$0", "$0.04", "$0.10", "$0", "$0", "$0", "$0.14"]


def test_calls_of_unknown_cost_are_told_and_not_added(held: FakeStudio, tmp_path: Path) -> None:
    """In the line, in the sheet, and in the shot's own line."""
    held.ledger.paid(2, 0.04)
    held.ledger.paid(2, None)
    drawn = html(sheet(tmp_path))

    assert "1 call of unknown cost may have been charged. That is not in the total" in drawn
    assert "<td>2 calls, 1 unknown</td><td>$0.04</td>" in drawn


def test_what_a_copy_cost_elsewhere_is_said_and_not_added(held: FakeStudio, tmp_path: Path) -> None:
    """It was paid by somebody else, or before."""
    held.ledger.elsewhere_usd = 0.4

    assert "cost $0.40 elsewhere: not paid here." in html(sheet(tmp_path))


def test_the_cap_that_is_nearer_is_the_one_to_raise(held: FakeStudio) -> None:
    """That of the day when there is no other."""
    held.ledger.paid(1, 0.5)
    nearer = {}
    for caps in ((0.0, 50.0), (1.0, 50.0), (0.0, 0.0), (100.0, 0.6), (5.0, 0.0)):
        held.ledger.caps = caps
        nearer[caps] = money.nearer_cap(held.ledger.spending("meadow-1"))

    assert list(nearer.values()) == ["day", "project", "day", "day", "project"]


def test_a_cap_is_kept_at_once(held: FakeStudio, tmp_path: Path) -> None:
    """The other one stays as it is."""
    drawn = sheet(tmp_path)
    cap(drawn, "project").set_value(2.5).run()

    assert held.ledger.caps == (2.5, 50.0)
    assert cap(drawn, "project").value == 2.5
    assert "This project $0.00 of $2.50" in html(drawn)


def test_a_cap_that_cannot_be_kept_is_not_shown_as_set(held: FakeStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sheet says why, and shows the one that holds."""

    def refuse(project_usd: float, day_usd: float) -> None:
        raise WorkspaceError(f"{project_usd:g} and {day_usd:g} cannot be kept.")

    monkeypatch.setattr(held.ledger, "set_caps", refuse)
    drawn = sheet(tmp_path)
    cap(drawn, "day").set_value(7.0).run()

    assert cap(drawn, "day").value == 50.0
    assert "0 and 7 cannot be kept." in html(drawn)


def test_a_cap_of_nothing_is_none(held: FakeStudio, tmp_path: Path) -> None:
    """It can be taken away."""
    drawn = sheet(tmp_path)
    cap(drawn, "day").set_value(0.0).run()

    assert held.ledger.caps == (0.0, 0.0)
    assert "today $0.00</p>" in html(drawn)


def charge(**facts: object) -> Charge:
    """A call of three cents."""
    call = Charge("call-1", "meadow-1", CallKind.SHOOT, 3, "vendor/paint-1", NOW, ChargeState.KNOWN, 0.03, 0.04, "gen-1")
    return changed(call, **facts)  # type: ignore[arg-type]


@pytest.mark.usefixtures("held")
def test_every_call_says_what_it_was_for_and_what_it_cost() -> None:
    """Or that nobody said so."""
    drawn = ledger.calls_html([charge(), charge(state=ChargeState.UNKNOWN, cost_usd=None, kind=CallKind.DIRECT, shot_id=0)])

    assert "<td>Picture of shot 3</td><td>vendor/paint-1</td><td>$0.03</td><td>$0.04</td>" in drawn
    assert "<td>Director</td><td>vendor/paint-1</td><td>unknown: may have been charged</td>" in drawn


def test_an_open_call_is_in_doubt_once_nobody_waits_for_it(held: FakeStudio) -> None:
    """Its program died; one that runs is only not ended yet."""
    open_call = charge(state=ChargeState.OPEN, cost_usd=None)
    held.ledger.in_flight = {"call-1"}
    running = ledger.cost_words(open_call)
    held.ledger.in_flight = set()

    assert (running, ledger.cost_words(open_call)) == ("not ended yet", "unknown: may have been charged")
    assert ledger.cost_words(charge(state=ChargeState.COVERED, cost_usd=None)) == "within what is unassigned"


@pytest.mark.usefixtures("held")
def test_the_names_of_models_are_never_markup() -> None:
    """A provider's list is foreign text."""
    assert "<b>x</b>" not in ledger.calls_html([charge(model="<b>x</b>")])


def test_a_spreadsheet_takes_nothing_of_the_ledger_for_a_formula() -> None:
    """Nor loses a fraction of a cent."""
    cells = list(csv.reader(io.StringIO(ledger.as_csv([charge(model='=HYPERLINK("x")', cost_usd=0.0387243)]).decode("utf-8-sig"))))

    assert dict(zip(*cells, strict=True)) | {"time": ""} == {
        "time": "",
        "what": "shoot",
        "shot": "3",
        "model": '\'=HYPERLINK("x")',
        "state": "known",
        "cost_usd": "0.0387243",
        "estimate_usd": "0.04",
        "call": "call-1",
        "generation": "gen-1",
    }
