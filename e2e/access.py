"""What axe-core finds on a page, less what is Streamlit's own and cannot be mended from here."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from playwright.sync_api import Page

STREAMLITS_OWN: Mapping[str, Mapping[str, str]] = {
    "presentation-role-conflict": {
        '[data-testid="stFileUploaderDropzone"]': "A drop zone that is presentation and has a label: its button is what is used.",
    },
}
"""By rule: a selector and why what it matches is let pass. As narrow as it can be; the node itself must match."""

COLOURS = ("color-contrast", "link-in-text-block")
"""The rules whose answer another colour scheme may change."""

RUN = """async ({ rules, own }) => {
    const only = rules.length ? { runOnly: { type: "rule", values: rules } } : {}
    const { violations } = await axe.run(document, { elementRef: true, preload: false, resultTypes: ["violations"], ...only })
    const isOwn = (rule, { element }) => Object.keys(own[rule] ?? {}).some(selector => element?.matches(selector))
    return violations.flatMap(({ id, nodes }) => nodes.filter(node => !isOwn(id, node)).map(
        ({ target, html, failureSummary }) => ({ rule: id, target: target.join(" "), html, reason: failureSummary })
    ))
}"""


def check(page: Page) -> None:
    """Fails when something is ours, in the page's colour scheme; what is a matter of colour is looked at in the other one too."""
    found = list(violations(page))
    scheme = _scheme(page)
    _turn(page, "light" if scheme == "dark" else "dark")
    found += violations(page, COLOURS)
    _turn(page, scheme)
    assert not found, "\n".join(found)


def violations(page: Page, rules: tuple[str, ...] = ()) -> Iterator[str]:
    """What `rules` (none: all that are usual) find that is ours, one by one in words."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_script())
    found: list[dict[str, str]] = page.evaluate(RUN, {"rules": list(rules), "own": STREAMLITS_OWN})
    for one in found:
        reason = " ".join(one["reason"].split())
        yield f"{one['rule']} ({_scheme(page)}): {one['target']}\n    {one['html'][:300]}\n    {reason}"


@cache
def _script() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def _scheme(page: Page) -> str:
    return "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"


def _turn(page: Page, scheme: str) -> None:
    """Streamlit draws the page anew in the other colours."""
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    page.wait_for_function(
        "scheme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === scheme", arg=scheme
    )
