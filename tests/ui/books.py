"""Models and money in memory, for pages over a fake studio."""

import math
from dataclasses import replace
from datetime import UTC, datetime

from maestro.models import Models
from maestro.money import Money
from maestro.types import CallKind, Charge, ChargeState, ModelProfile, Price, Spending, Survey

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FakeModels(Models):
    """Says what the test put there; `checks` counts how often the provider was asked."""

    def __init__(self) -> None:
        self.known = [ModelProfile("vendor/words-1", "text"), ModelProfile("vendor/paint-1", "image", price_usd=0.04)]
        self.chosen = {"text": "vendor/words-1", "image": "vendor/paint-1"}
        self.found: Survey | None = None
        self.next_found = Survey(NOW, None, ())
        self.checks = 0

    @property
    def survey(self) -> Survey | None:
        """The last one."""
        return self.found

    def check(self) -> Survey:
        """Finds what was to be found next."""
        self.checks += 1
        self.found = self.next_found
        return self.found

    def refresh(self) -> None:
        """Nothing is ever old here."""

    def profile(self, step: str) -> ModelProfile:
        """Of the chosen one."""
        return next((one for one in self.known if one.id == self.chosen[step]), ModelProfile(self.chosen[step], step))

    def choices(self, step: str) -> tuple[ModelProfile, ...]:
        """All of that step."""
        return tuple(one for one in self.known if one.step == step)

    def use(self, step: str, model: str) -> None:
        """In memory."""
        self.chosen[step] = model


class FakeMoney(Money):
    """Adds up the charges that the test put there."""

    def __init__(self) -> None:
        self.kept: list[Charge] = []
        self.caps = (0.0, 50.0)
        self.elsewhere_usd = 0.0
        self.in_flight: set[str] = set()

    def price(self, pictures: int = 0, analyses: int = 0, redirects: int = 0, *, size: str = "") -> Price:  # noqa: ARG002 - as the real one takes it
        """Four cents a picture of any size, one an analysis."""
        return Price(0.04 * pictures + 0.01 * analyses + 0.005 * redirects, "list")

    def spending(self, project_id: str) -> Spending:
        """The sums of that project."""
        mine = self.charges(project_id)
        known = [charge for charge in mine if charge.state is ChargeState.KNOWN]
        shots: dict[int, list[float]] = {}
        for charge in known:
            if charge.kind is CallKind.SHOOT:
                shots.setdefault(charge.shot_id, []).append(charge.cost_usd or 0.0)
        analysis = math.fsum(one.cost_usd or 0.0 for one in known if one.kind not in {CallKind.SHOOT, CallKind.UNASSIGNED})
        return Spending(
            total_usd=math.fsum(one.cost_usd or 0.0 for one in known),
            analysis_usd=analysis,
            shots_usd=tuple((shot, math.fsum(costs)) for shot, costs in sorted(shots.items())),
            unassigned_usd=math.fsum(one.cost_usd or 0.0 for one in known if one.kind is CallKind.UNASSIGNED),
            unknown_count=sum(one.state is ChargeState.UNKNOWN for one in mine),
            elsewhere_usd=self.elsewhere_usd,
            today_usd=math.fsum(one.cost_usd or 0.0 for one in self.kept if one.state is ChargeState.KNOWN),
            project_cap_usd=self.caps[0] or None,
            day_cap_usd=self.caps[1] or None,
        )

    def charges(self, project_id: str) -> tuple[Charge, ...]:
        """Of that project."""
        return tuple(charge for charge in self.kept if charge.project_id == project_id)

    def is_in_flight(self, call_id: str) -> bool:
        """What the test says."""
        return call_id in self.in_flight

    @property
    def counts_since(self) -> datetime | None:
        """Since the first."""
        return self.kept[0].at if self.kept else None

    def set_caps(self, project_usd: float, day_usd: float) -> None:
        """In memory."""
        self.caps = (project_usd, day_usd)

    def paid(self, shot_id: int, cost_usd: float | None, kind: CallKind = CallKind.SHOOT, project_id: str = "meadow-1") -> None:
        """Adds a call that ended; None: nobody said what it cost."""
        state = ChargeState.UNKNOWN if cost_usd is None else ChargeState.KNOWN
        call = Charge(
            f"call{len(self.kept)}", project_id, kind, shot_id, "vendor/paint-1", NOW, ChargeState.OPEN, estimate_usd=0.04
        )
        self.kept.append(replace(call, state=state, cost_usd=cost_usd))
