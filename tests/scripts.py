"""What the tests' provider is told to answer, and what it remembers of the requests that came."""

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One scripted answer. `body`: bytes or str go out as they are, None is the good answer, anything else becomes JSON.

    It waits for `gate` first. `hangs` never answers; `drips` sends a blank a beat, for ever; `drops_after` sends that many bytes of
    the body, then closes the connection (-1: before the head), `halts_after` that many, then nothing more. `bills`: it is billed
    although the client never sees its end.
    """

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    gate: threading.Event | None = None
    hangs: bool = False
    drips: bool = False
    drops_after: int | None = None
    halts_after: int | None = None
    bills: bool = False


@dataclass
class Recorded:
    """A request as it came. `ended` is set when its answer is over, `disconnected` when the client left before that.

    `left` is set when the client closed the connection after a whole answer; `was_reset` if it had not read all of it.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    generation_id: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    disconnected: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    was_reset: bool = False

    @property
    def words(self) -> str:
        """Everything that was said in words."""
        if not isinstance(self.body, dict):
            return ""
        return "\n".join([self.body.get("prompt", ""), *(part.get("text", "") for part in self._parts())])

    @property
    def pictures(self) -> list[bytes]:
        """The pictures that were sent, in order."""
        if not isinstance(self.body, dict):
            return []
        parts = [*self._parts(), *self.body.get("input_references", [])]
        urls = [part["image_url"]["url"] for part in parts if part.get("type") == "image_url"]
        return [base64.b64decode(url.partition(";base64,")[2]) for url in urls]

    @property
    def schema_name(self) -> str:
        """Name of the schema asked for; empty when there is none."""
        return (
            str(self.body.get("response_format", {}).get("json_schema", {}).get("name", "")) if isinstance(self.body, dict) else ""
        )

    def _parts(self) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        for message in self.body.get("messages", []):
            content = message["content"]
            parts += [{"type": "text", "text": content}] if isinstance(content, str) else content
        return parts


Matcher = str | Callable[[Recorded], bool]


@dataclass
class Script:
    """What a provider was told to answer, and to whom."""

    matcher: Matcher
    answers: list[Answer]
    is_repeated: bool

    def take(self, request: Recorded) -> Answer | None:
        """The next answer when the request fits and one is left."""
        if not self.answers or not matches(self.matcher, request):
            return None
        return self.answers[0] if self.is_repeated and len(self.answers) == 1 else self.answers.pop(0)


def matches(matcher: Matcher, request: Recorded) -> bool:
    """Whether a request fits: see `Provider.script` for the ways to say it."""
    if callable(matcher):
        return matcher(request)
    if matcher.startswith("/"):
        return request.path.partition("?")[0] == matcher
    if matcher.startswith("model:"):
        return isinstance(request.body, dict) and request.body.get("model") == matcher.removeprefix("model:")
    if matcher.startswith("schema:"):
        return request.schema_name == matcher.removeprefix("schema:")
    return matcher in request.words
