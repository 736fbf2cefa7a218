"""Prices before the click, in words: about how much, and where the figure comes from."""

from maestro.estimates import AS_OF
from maestro.types import Price

ORIGINS = {
    "list": "list price",
    "last": "as the last one",
    "built-in": f"built-in estimate of {AS_OF.day} {AS_OF:%B %Y}",
}
SMALLEST_USD = 0.005
"""What a price must be to be told in cents."""


def about(price: Price) -> str:
    """Such as "about $0.04", "free"; "price unknown until the first" when nobody knows."""
    if price.origin == "free":
        return "free"
    if price.usd is None:
        return "price unknown until the first"
    return f"about ${price.usd:.2f}" if price.usd >= SMALLEST_USD else "under $0.01"


def words(price: Price) -> str:
    """The same with its origin: "about $0.04 (list price)"."""
    origin = ORIGINS.get(price.origin, "") if price.usd is not None else ""
    return f"{about(price)} ({origin})" if origin else about(price)
