"""Built-in prices of the models that are asked when nobody chose others: for the time before the provider's list or a bill tells.

Of pictures in the usual size: from a public record of a call, or the maker's price a token. Of other sizes and of analyses:
reckoned from the makers' prices and usual numbers of tokens. As they were on AS_OF; an estimate is labelled as one, with that day.
"""

from dataclasses import dataclass, field
from datetime import date

AS_OF = date(2026, 10, 10)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Dollars of one picture, or of one analysis (context and director together); `by_size` where a size costs something else."""

    usd: float
    by_size: dict[str, float] = field(default_factory=dict)


_KNOWN = {
    "google/gemini-nano-banana-2.1": Estimate(0.0394, {"2K": 0.0562, "4K": 0.0814}),
    "google/gemini-2.5-flash-image": Estimate(0.039),
    "openai/gpt-5-mini": Estimate(0.0083),
    "~openai/gpt-mini-latest": Estimate(0.0208),
}


def of(model: str, size: str = "") -> float | None:
    """None for a model of which nothing was known."""
    known = _KNOWN.get(model)
    return None if known is None else known.by_size.get(size, known.usd)
