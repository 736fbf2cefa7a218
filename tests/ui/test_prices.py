"""Prices and foreign names in words."""

import pytest

from maestro.types import Price
from maestro.ui import clock, prices
from maestro.ui.markup import plain


@pytest.mark.parametrize(
    ("price", "wanted"),
    [
        (Price(0.2, "list"), "about $0.20 (list price)"),
        (Price(0.0417, "last"), "about $0.04 (as the last one)"),
        (Price(0.0083, "list"), "about $0.01 (list price)"),
        (Price(0.0004, "list"), "under $0.01 (list price)"),
        (Price(None, ""), "price unknown until the first"),
        (Price(0.0, "free"), "free"),
    ],
)
def test_a_price_says_where_it_comes_from(price: Price, wanted: str) -> None:
    """Or that nobody knows."""
    assert prices.words(price) == wanted


def test_a_foreign_name_on_a_button_is_no_markdown() -> None:
    """Neither emphasis nor emoji nor a link."""
    assert plain("a/b_c-1.5:free") == r"a/b\_c-1.5\:free"
    assert plain("[x](y) *z* `q`") == r"\[x\]\(y\) \*z\* \`q\`"


def test_a_wait_counts_down_to_nothing() -> None:
    """In whole seconds, rounded up."""
    assert "trying again in 12 s<" in clock.hold_html(11.2)
    assert ">trying again<" in clock.hold_html(0.0)
