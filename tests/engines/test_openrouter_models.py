"""Which model is asked, and what the provider says of all of them beforehand."""

from datetime import date
from typing import Any

import pytest

from maestro.calls import Call
from maestro.engines.openrouter import client
from maestro.errors import CancelledError, ModelGoneError, RateLimitedError, Remedy
from maestro.types import Survey
from tests import provider as wire
from tests.engines.asking import FOOTAGE, KEY, LIMIT_S, MODEL, SECOND, Build, fault, shoot
from tests.provider import Answer, Provider

LISTS = ("/key", "/models", "/images/models")
GONE: Any = wire.error_body(404, f"No endpoints found for {MODEL}.")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, GONE),
        (404, wire.error_body(404, "gone", availability={"code": "model_deprecated", "retryable": False})),
        (404, wire.error_body(404, "private", availability={"code": "privacy_restricted"})),
        (400, wire.error_body(400, f"{MODEL} is not a valid model ID")),
        (400, wire.error_body(400, "wrong kind", availability={"code": "wrong_endpoint"})),
        (400, {"error": {"message": "no", "availability": {"error_type": "model_not_found", "http_status": 400}}}),
        (403, wire.error_body(403, "Not available in your country")),
    ],
)
def test_a_model_that_is_gone_is_replaced_only_with_the_users_word(
    build: Build, provider: Provider, status: int, body: object
) -> None:
    """One request, an error that names the others; once the user chose one of them, that one is asked."""
    provider.script(f"model:{MODEL}", Answer(status, body), is_repeated=True)
    engine, call = build(), Call(LIMIT_S)
    error = fault(lambda: shoot(engine, call=call))
    engine.choose("image", SECOND)
    result = shoot(engine)

    assert isinstance(error, ModelGoneError)
    assert (error.step, error.remedy, error.may_be_charged, call.was_sent) == ("image", Remedy.MODEL, False, False)
    assert error.fallback_models[0] == SECOND
    assert MODEL in str(error)
    assert [request.body["model"] for request in provider.requests] == [MODEL, SECOND]
    assert (result.model, result.notes) == (SECOND, ())
    assert engine.card.image_models[:2] == (SECOND, MODEL)


def test_the_successors_that_the_provider_names_come_first(build: Build, provider: Provider) -> None:
    """Each once, and never the one that is gone."""
    availability = {"code": "no_endpoints", "fallback_models": ["google/newer", SECOND, "google/newer", MODEL, 7]}
    provider.script("/images", Answer(404, wire.error_body(404, "gone", availability=availability)))
    error = fault(lambda: shoot(build(image_models=(MODEL, "a/last", SECOND))))

    assert isinstance(error, ModelGoneError)
    assert error.fallback_models == ("google/newer", SECOND, "a/last")


def test_a_text_model_that_is_gone_says_so_of_its_step(build: Build, provider: Provider) -> None:
    """An alias of the settings is offered; chosen and taken back, the first of the settings is asked again."""
    provider.script("model:openai/gpt-5-mini", Answer(404, wire.error_body(404, "No endpoints found")))
    engine = build()
    error = fault(lambda: engine.describe(FOOTAGE, Call(LIMIT_S)))
    engine.choose("text", "~openai/gpt-mini-latest")
    engine.describe(FOOTAGE, Call(LIMIT_S))
    engine.choose("text", "")
    engine.describe(FOOTAGE, Call(LIMIT_S))

    assert isinstance(error, ModelGoneError)
    assert (error.step, error.fallback_models) == ("text", ("~openai/gpt-mini-latest",))
    asked = [request.body["model"] for request in provider.requests]
    assert asked == ["openai/gpt-5-mini", "~openai/gpt-mini-latest", "openai/gpt-5-mini"]


def test_another_model_did_not_ask_to_wait(build: Build, provider: Provider) -> None:
    """Who chooses it need not wait for the first."""
    provider.script(f"model:{MODEL}", Answer(429, headers={"Retry-After": "600"}))
    engine = build()
    errors = [fault(lambda: shoot(engine)) for _ in range(2)]
    engine.choose("image", SECOND)
    shoot(engine)

    assert all(isinstance(error, RateLimitedError) for error in errors)
    assert [request.body["model"] for request in provider.requests] == [MODEL, SECOND]


def test_with_no_other_model_the_setting_is_named(build: Build, provider: Provider) -> None:
    """There is nothing that a button could offer."""
    provider.script("/images", Answer(404, GONE))
    error = fault(lambda: shoot(build(image_models=(MODEL,))))

    assert error.remedy is Remedy.SETTING
    assert "MAESTRO_IMAGE_MODELS" in error.next_step


def test_the_model_named_in_the_answer_is_the_one_that_answered(build: Build, provider: Provider) -> None:
    """An alias becomes the concrete model."""
    body = wire.chat_body(str(wire.CONTEXT).replace("'", '"'), model="openai/gpt-6.1-mini")
    provider.script("schema:context", Answer(body=body))

    assert build().describe(FOOTAGE, Call(LIMIT_S)).model == "openai/gpt-6.1-mini"


@pytest.mark.parametrize("body", ["<html>404</html>", '{"detail":"Not Found"}', wire.error_body(404, "Not Found")])
def test_a_server_without_the_images_wire_is_told_from_a_missing_model(build: Build, provider: Provider, body: object) -> None:
    """The setting is named; no other model would help."""
    provider.script("/images", Answer(404, body), is_repeated=True)
    error = fault(lambda: shoot(build()))

    assert "MAESTRO_IMAGE_WIRE" in f"{error} {error.next_step}"
    assert error.remedy is Remedy.SETTING
    assert len(provider.requests) == 1


# --- the survey


def survey(build: Build, **settings: Any) -> Survey:
    """A first survey of a fresh engine."""
    return build(**settings).survey(Call(LIMIT_S))


def test_a_survey_tells_of_the_key_and_of_our_models_and_pays_nothing(build: Build, provider: Provider) -> None:
    """What pictures can be asked for, what they cost, until when; only of the models of the settings, in their order."""
    expiring = wire.model_line("openai/gpt-5-mini", expires="2026-12-11")
    provider.script("/models", Answer(body={"data": [wire.model_line("else/where"), expiring]}))
    provider.bill(12.5)
    found = survey(build)

    text, alias, picture, second, third = found.profiles
    assert provider.requests == []
    assert found.troubles == ()
    assert found.key is not None
    assert (found.key.limit_usd, found.key.limit_remaining_usd, found.key.usage_usd) == (100.0, 87.5, 12.5)
    assert (text.id, text.step, text.expires_on, text.is_listed) == ("openai/gpt-5-mini", "text", date(2026, 12, 11), True)
    assert text.price_usd == pytest.approx(0.0083, abs=0.003)
    assert alias.is_listed
    assert alias.price_usd is None
    assert (picture.id, picture.step, picture.reference_limit, picture.sizes) == (MODEL, "image", 14, ("1K", "2K", "4K"))
    assert "16:9" in picture.aspect_ratios
    assert "auto" not in picture.aspect_ratios
    assert picture.price_usd == pytest.approx(wire.PICTURE_COST_USD, rel=0.15)
    assert (second.id, second.is_listed, third.is_listed) == (SECOND, True, False)


@pytest.mark.parametrize(
    ("pricing", "usd"),
    [
        ([{"billable": "output_image", "unit": "image", "cost_usd": 0.05}], 0.05),
        ([{"billable": "output_image", "unit": "megapixel", "cost_usd": "0.03"}], 0.03),
        (
            [
                {"billable": "output_image", "unit": "image", "cost_usd": 0.04, "variant": "1k"},
                {"billable": "output_image", "unit": "image", "cost_usd": 0.08, "variant": "4k"},
                {"billable": "input_reference", "unit": "image", "cost_usd": 0.01},
            ],
            0.06,
        ),
        ([{"billable": "output_image", "unit": "furlong", "cost_usd": 5}], pytest.approx(0.0394, abs=0.001)),
        (["nonsense", {"billable": None, "cost_usd": "NaN"}], pytest.approx(0.0394, abs=0.001)),
    ],
)
def test_the_price_of_a_picture_is_read_in_every_unit(build: Build, provider: Provider, pricing: list[object], usd: object) -> None:
    """What no endpoint says, the general list says."""
    provider.script(f"/images/models/{MODEL}/endpoints", Answer(body=wire.endpoints_body(MODEL, *pricing)))
    (price,) = [profile.price_usd for profile in survey(build).profiles if profile.id == MODEL]

    assert price == usd


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404),
        Answer(500),
        Answer(429, headers={"Retry-After": "30"}),
        Answer(body="<html>Sign in", content_type="text/html"),
        Answer(body='{"data": [{"id": '),
        Answer(body={"data": None}),
        Answer(body=[1, 2]),
        Answer(drops_after=5),
    ],
)
@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_cannot_be_read_is_a_sentence(build: Build, provider: Provider, path: str, answer: Answer) -> None:
    """The others are read all the same, and no model is called gone."""
    provider.script(path, answer)
    found = survey(build)

    (trouble,) = found.troubles
    assert trouble.endswith(".")
    assert len(found.profiles) == 5
    assert (found.key is None) == (path == "/key")
    assert all(profile.is_listed for profile in found.profiles) or path == "/key"


@pytest.mark.parametrize("path", LISTS)
def test_a_list_without_end_is_not_read_to_its_end(
    build: Build, provider: Provider, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may send what it likes; it fills no memory."""
    monkeypatch.setattr(client, "LIST_LIMIT_BYTES", 1_000_000)
    provider.script(path, Answer(body=b"[" + b" " * 1_500_000 + b"]"))
    (trouble,) = survey(build).troubles

    assert "larger than 1 MB" in trouble


@pytest.mark.parametrize("usage", [float("nan"), float("inf"), -3, 1e300, "many", None, True, [7]])
def test_usage_that_cannot_be_true_is_unknown(build: Build, provider: Provider, usage: object) -> None:
    """Nothing is compared with it."""
    provider.script("/key", Answer(body={"data": {"usage": usage, "limit": None}}))
    found = survey(build)

    assert found.key is not None
    assert found.key.usage_usd is None


@pytest.mark.parametrize("cost", [float("nan"), -0.04, 1e9, "much", None])
def test_a_record_of_a_call_that_cannot_be_true_tells_nothing(build: Build, provider: Provider, cost: object) -> None:
    """The call stays one of unknown cost."""
    provider.script("/generation", Answer(body={"data": {"id": "gen-1", "total_cost": cost}}))

    assert build().costs(["gen-1"], Call(LIMIT_S)) == {}


def test_a_server_of_the_chat_wire_needs_no_list_of_image_models(build: Build, provider: Provider) -> None:
    """Other servers have none; the general list tells the price."""
    provider.script("/images/models", Answer(404))
    found = survey(build, image_wire="chat")
    (picture,) = [profile for profile in found.profiles if profile.id == MODEL]

    assert found.troubles == ()
    assert picture.is_listed
    assert picture.price_usd == pytest.approx(0.0394, abs=0.001)


def test_a_key_that_is_refused_is_one_sentence(build: Build, provider: Provider) -> None:
    """However many questions it was refused for; the key itself is not in it."""
    for path in LISTS:
        provider.script(path, Answer(401, wire.error_body(401, f"User not found: {KEY}")))
    found = survey(build)

    (trouble,) = found.troubles
    assert "refused the key" in trouble
    assert KEY not in trouble


def test_without_a_key_nothing_is_asked(build: Build, provider: Provider) -> None:
    """The sentence names the variable."""
    found = survey(build, OPENROUTER_API_KEY="", engine="openrouter")

    assert "OPENROUTER_API_KEY" in found.troubles[0]
    assert provider.lookups == []


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_the_call(build: Build, provider: Provider) -> None:
    """A hanging list is a sentence as well."""
    provider.script(lambda request: request.path in LISTS, Answer(hangs=True), is_repeated=True)
    found = build().survey(Call(0.5))

    assert found.troubles == ("The provider did not answer in time.",)


def test_a_survey_can_be_cancelled(build: Build) -> None:
    """Before it begins as well."""
    call = Call(LIMIT_S)
    call.cancel()
    engine = build()

    assert isinstance(fault(lambda: engine.survey(call)), CancelledError)
    assert isinstance(fault(lambda: engine.costs(["gen-1"], call)), CancelledError)


@pytest.mark.parametrize("body", [{"data": {}}, {"data": {"total_cost": None}}, {"data": {"total_cost": "x"}}, "[]", "<html>"])
def test_a_cost_that_the_provider_does_not_know_is_left_out(build: Build, provider: Provider, body: object) -> None:
    """Never guessed."""
    provider.script("/generation", Answer(body=body))

    assert build().costs(["gen-1", ""], Call(LIMIT_S)) == {}
