"""Every way in which a question in words is known to go wrong: the director's."""

import json

from maestro.errors import Remedy
from tests.answers import SHOTS, chat_body
from tests.fault import ENVELOPE, FULL, HTML, MODERATED, SOON, SUCCESSOR, Cost, Fault, behind, error, gone, kept, lost, refused
from tests.scripts import Answer


def words(name: str, content: object, says: str, *, requests: int = 2, remedy: Remedy = Remedy.RETRY, **message: object) -> Fault:
    """An answer to the director's question; one that does not fit is asked for once more."""
    body = chat_body(content, **message)  # type: ignore[arg-type]
    return Fault(name, (Answer(body=body),), says, remedy, Cost.TOLD, requests=requests, takes=0)


def listed(shots: object) -> str:
    """A shot list as the model writes it."""
    return json.dumps({"shots": shots})


def cut(content: str) -> Answer:
    """An answer that ran into its limit."""
    body = chat_body(content)
    body["choices"][0]["finish_reason"] = "length"
    return Answer(body=body)


_ONE = SHOTS["shots"][0]
_WHOLE = json.dumps(SHOTS)
_REASONING = error(400, "Reasoning is mandatory for this endpoint and cannot be disabled")

DIRECTIONS = (
    words("prose", "I would begin with a wide shot.", "not the JSON"),
    words("a list of nothing", listed([]), ""),
    words("four shots", listed(SHOTS["shots"][:4]), ""),
    words("5000 shots", listed([_ONE | {"id": number} for number in range(5000)]), ""),
    words("the same five times", listed([_ONE] * 5), ""),
    words("ids that are none", listed([shot | {"id": f"x{shot['id']}"} for shot in SHOTS["shots"]]), ""),
    words("a number for words", listed([shot | {"action": 7} for shot in SHOTS["shots"]]), ""),
    words("a wall of words", listed([shot | {"action": "a" * 100_000} for shot in SHOTS["shots"]]), ""),
    words("NaN", '{"shots": NaN}', "not the JSON"),
    words("deep", "[" * 50_000, "not the JSON"),
    words("a list", "[1, 2]", "not the object"),
    words("empty", "", "empty"),
    words("null", None, "empty"),
    words("declined", None, "I cannot.", requests=1, remedy=Remedy.WORDS, refusal="I cannot."),
    Fault("cut", (cut(_WHOLE[:300]),), "cut off", Remedy.RETRY, Cost.TOLD, requests=2, takes=0),
    Fault("all reasoning", (cut(""),), "cut off", Remedy.RETRY, Cost.TOLD, requests=2, takes=0),
    kept("repaired", Answer(body=chat_body("Here it is:")), Answer(), requests=2),
    kept("in a fence", Answer(body=chat_body(f"```json\n{_WHOLE}\n```")), Answer(), requests=2),
    kept("in parts", Answer(body=chat_body([{"type": "text", "text": _WHOLE[:50]}, {"type": "text", "text": _WHOLE[50:]}]))),
    kept("full, then not", Answer(429, FULL, SOON), Answer(), requests=2),
    refused("schema refused", 400, behind(400, "Invalid schema: 'action' is required", "OpenAI"), "Invalid schema", Remedy.WORDS),
    refused("reasoning", 400, _REASONING, "Reasoning is mandatory", Remedy.WORDS),
    refused("credit", 402, error(402, "fewer max_tokens"), "fewer max_tokens", Remedy.CREDIT),
    refused("key", 401, error(401, "No."), "refused the key", Remedy.KEY),
    refused("moderated", 403, error(403, MODERATED), "violence", Remedy.WORDS),
    refused("gone", 404, gone("model_deprecated", SUCCESSOR), "No endpoints", Remedy.MODEL, fallback_models=(SUCCESSOR,)),
    refused("no such path", 404, HTML, "chat completions", Remedy.SETTING),
    lost("null choices", Answer(body=ENVELOPE), "no message", Remedy.RETRY),
    lost("a page", Answer(body=HTML), "web page", Remedy.RETRY, shows="Sign in"),
    lost("dropped", Answer(drops_after=20, bills=True), "connection broke", Remedy.RETRY),
    lost("error in a 200", Answer(body=error(502, "Upstream died")), "Upstream died", Remedy.WAIT),
    Fault(
        "broken, then dropped",
        (Answer(body=chat_body("Well.")), Answer(drops_after=20, bills=True)),
        "not the JSON",
        Remedy.RETRY,
        Cost.UNSURE,
        requests=2,
    ),
    Fault(
        "broken, then refused", (Answer(body=chat_body("Well.")), Answer(402)), "not the JSON", Remedy.RETRY, Cost.TOLD, requests=2
    ),
)
"""Of a question in words. With `remedy` None the five shots are kept."""
