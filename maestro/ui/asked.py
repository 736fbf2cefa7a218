"""How often was paid for what a button asks: a click counts only on a page that knows of every call before it.

So a double click pays once, however quick the first answer was, and whether it was of use or not.
"""

from maestro.types import CallKind
from maestro.ui.studio import studio


def pictures(project_id: str, shot_id: int) -> int:
    """Calls for pictures of that shot."""
    return sum(charge.kind is CallKind.SHOOT and charge.shot_id == shot_id for charge in studio().money.charges(project_id))


def words(project_id: str) -> int:
    """Calls for words: context, director, one shot again."""
    texts = {CallKind.DESCRIBE, CallKind.DIRECT, CallKind.REDIRECT}
    return sum(charge.kind in texts for charge in studio().money.charges(project_id))
