"""Who answers: the engine's card in the sidebar, with its models, what is left on the key, and "Check connection"."""

import threading
import zlib
from datetime import UTC, date, datetime

import streamlit as st

from maestro.errors import MaestroError
from maestro.events import topic
from maestro.types import KeyFacts, ModelProfile, Survey
from maestro.ui import live, messages, places, state
from maestro.ui.markup import clock_time, count, date_of, dollars, escape, money
from maestro.ui.studio import studio

MODELS = topic("list", "models")
STEPS = {"text": "Text model", "image": "Image model"}
UNITS = {"text": "an analysis", "image": "a picture"}
WARN_DAYS = 30
HOW_TO_PAY = "For new views from an image model, set OPENROUTER_API_KEY and start Maestro again."


def card() -> None:
    """Draws it; never waits for the provider."""
    _card()


@st.fragment
def _card() -> None:
    live.listen(MODELS, is_busy=is_checking(), key="engine")
    shown = studio().card
    st.html(
        '<section class="m-engine"><h2 class="m-label">Engine</h2>'
        f"<b>{escape(shown.title)}</b><p>{escape(shown.line)}</p>{'' if shown.is_paid else _free_html()}</section>"
    )
    places.optional(_models if shown.is_paid else None, width="stretch")
    places.optional(_connection if shown.is_paid else None, width="stretch")


def _free_html() -> str:
    return f"<p>It costs nothing. {escape(HOW_TO_PAY)}</p>"


# --- models


def _models() -> None:
    studio().models.refresh()
    for step in STEPS:
        _chooser(step)
    messages.at("engine")
    warnings = [sentence for step in STEPS for sentence in warnings_of(studio().models.profile(step))]
    if not warnings:
        st.empty()
        return
    st.html("".join(f'<p class="m-warning" role="status">{escape(sentence)}</p>' for sentence in warnings))


def _chooser(step: str) -> None:
    chosen = studio().models.profile(step)
    profiles = {profile.id: profile for profile in studio().models.choices(step)} | {chosen.id: chosen}
    names = {model: name_of(profile, model) for model, profile in profiles.items()}
    # The browser sends the name that it shows. With prices that changed since, it would name no model: then it is another widget.
    key = f"model-{step}-{state.turn(f'model-{step}')}-{zlib.crc32(repr(names).encode()):08x}-{chosen.id}"
    st.selectbox(
        STEPS[step],
        list(profiles),
        index=list(profiles).index(chosen.id),
        format_func=lambda model: names.get(model, model),
        key=key,
        on_change=_use,
        args=(step, key, chosen.id, frozenset(profiles)),
    )
    price = "" if chosen.price_usd is None else f": about {money(chosen.price_usd)} {UNITS[step]}, by the provider's list."
    st.html(f'<p class="m-credit">{escape(f"{chosen.id}{price}")}</p>')  # whole, where the field cuts it off


def name_of(profile: ModelProfile | None, name: str) -> str:
    """The model and, where it is known, what it costs: "vendor/model · $0.04 a picture"."""
    if profile is None or profile.price_usd is None:
        return name
    return f"{name} · {money(profile.price_usd)} {UNITS[profile.step]}"


def _use(step: str, key: str, asked: str, known: frozenset[str]) -> None:
    """`asked` is the model that was asked when the choice was drawn: the browser may tell once more of one drawn earlier."""
    model = state.chosen(key)
    if model in known and model != asked == studio().models.profile(step).id:
        with messages.guarded("engine"):
            studio().models.use(step, model)
        if state.message("engine") is not None:
            state.next_turn(f"model-{step}")  # back to the model that is asked


def warnings_of(profile: ModelProfile, today: date | None = None) -> list[str]:
    """What the user should know of the model ahead of time, in sentences."""
    if not profile.is_listed:
        return [f"{profile.id} is not in the provider's list: it may be gone. Choose another."]
    if profile.expires_on is None:
        return []
    left = (profile.expires_on - (today or datetime.now(UTC).astimezone().date())).days
    if left > WARN_DAYS:
        return []
    if left <= 0:
        return [f"{profile.id} went away on {date_of(profile.expires_on)}: choose another."]
    return [f"{profile.id} goes away on {date_of(profile.expires_on)}, in {count(left, 'day')}: choose another ahead of time."]


# --- the connection


def _connection() -> None:
    survey = studio().models.survey
    is_asking = is_checking()
    st.html(f'<div class="m-engine" role="status">{_connection_html(survey, is_asking=is_asking)}</div>')
    st.button(
        "Checking …" if is_asking else "Check connection",
        key="check-connection",
        help="Asks the provider for its models and your key. Costs nothing.",
        disabled=is_asking,
        on_click=check,
    )


def _connection_html(survey: Survey | None, *, is_asking: bool) -> str:
    if is_asking:
        return "<p>Asking the provider; this costs nothing …</p>"
    if survey is None:
        return "<p>Not checked yet.</p>"
    left = key_line(survey.key)
    lines = [f"<p>{escape(left)}</p>"] if left else []
    lines += [f'<p class="m-warning">{escape(sentence)}</p>' for sentence in survey.troubles]
    when = clock_time(survey.at)
    lines.append(f"<p>{escape(f'Checked {when}.' if survey.troubles else _all_is_well(survey, when))}</p>")
    return "".join(lines)


def _all_is_well(survey: Survey, when: str) -> str:
    chosen = {studio().models.profile(step).id for step in STEPS}
    alive = {profile.id for profile in survey.profiles if profile.is_listed} & chosen
    key = ", your key is accepted" if survey.key is not None else ""
    return f"Checked {when}: the provider answers{key}, {len(alive)} of {count(len(chosen), 'model')} in its list."


def key_line(key: KeyFacts | None) -> str:
    """Such as "$4.20 left of $10.00 on this key"; empty when nothing is known."""
    if key is None:
        return ""
    if key.limit_remaining_usd is not None:
        of = "" if key.limit_usd is None else f" of {dollars(key.limit_usd)}"
        return f"{dollars(key.limit_remaining_usd)} left{of} on this key"
    used = "" if key.usage_usd is None else f" · {dollars(key.usage_usd)} used"
    return f"No limit on this key{used}"


class _Check:
    """The check that runs, one for all tabs: it is the same provider for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.is_running = False

    def begin(self) -> None:
        with self._lock:
            if self.is_running:
                return
            self.is_running = True
        threading.Thread(target=self._run, name="check-connection", daemon=True).start()

    def _run(self) -> None:
        asked = studio()
        try:
            asked.models.check()
        except MaestroError:
            pass  # only when Maestro closes meanwhile: what is wrong with the provider is in the survey
        finally:
            self.is_running = False
            asked.events.publish(MODELS)


_check = _Check()


def is_checking() -> bool:
    """Whether the provider is being asked because somebody pressed Check connection."""
    return _check.is_running


def check() -> None:
    """In callbacks: asks key and models in the background; the card says when it is done. Costs nothing."""
    _check.begin()
    studio().events.publish(MODELS)
