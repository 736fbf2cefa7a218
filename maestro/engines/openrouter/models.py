"""Which model is asked for each step, and which ones could be asked instead when it is gone."""

from maestro import config
from maestro.config import Settings
from maestro.errors import ModelGoneError, Remedy

STEPS = ("text", "image")


class Choice:
    """The user's model for a step, else the first of the settings. No other is ever asked without the user's word."""

    def __init__(self, settings: Settings) -> None:
        self._ranked = {"text": settings.text_models, "image": settings.image_models}
        self._chosen = dict.fromkeys(STEPS, "")

    def choose(self, step: str, model: str) -> None:
        """Empty: the first of the settings again. Raises KeyError for a step that there is not."""
        if step not in self._chosen:
            raise KeyError(step)
        self._chosen[step] = model.strip()

    def model(self, step: str) -> str:
        """The one that is asked."""
        return self._chosen[step] or self._ranked[step][0]

    def ranked(self, step: str) -> tuple[str, ...]:
        """The one that is asked, then the others of the settings, each once."""
        return tuple(dict.fromkeys((self.model(step), *self._ranked[step])))

    def gone(self, error: ModelGoneError, step: str, model: str) -> ModelGoneError:
        """The error, naming the model and those that could be asked instead: the provider's word first."""
        names = dict.fromkeys((*error.fallback_models, *self._ranked[step]))
        others = tuple(name for name in names if name != model)
        variable = config.variable(f"{step}_models")
        step_words = error.next_step if others else f"Name another model in {variable} and start Maestro again."
        told = ModelGoneError(f"{model}: {error}", fallback_models=others, next_step=step_words)
        told.step = step
        told.remedy = Remedy.MODEL if others else Remedy.SETTING
        told.raw, told.cost_usd, told.may_be_charged = error.raw, error.cost_usd, error.may_be_charged
        return told
