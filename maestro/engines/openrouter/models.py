"""A ranked list of models: who is asked first, and what happens when a model is gone."""

from collections.abc import Callable

from maestro.errors import ModelGoneError


class Ranking:
    """Best first. Remembers which model answered, so that one that is gone is asked for once, not once a shot."""

    def __init__(self, models: tuple[str, ...], variable: str) -> None:
        self.models = models
        self._variable = variable
        self._first = 0

    def ask(self, post: Callable[[str], bytes]) -> tuple[str, bytes]:
        """The first model that is to be had, and its answer. Raises ModelGoneError, naming what to set, when all are gone.

        Going on to the next costs nothing: a model that is gone was not asked.
        """
        first, gone = self._first, []
        for place in (*range(first, len(self.models)), *range(first)):
            try:
                body = post(self.models[place])
            except ModelGoneError as error:
                gone.append(error)
                continue
            self._first = place
            return self.models[place], body
        raise self._none_left(gone)

    def note(self, model: str) -> str:
        """A sentence when it was not the best of the list that answered, else empty."""
        if model == self.models[0]:
            return ""
        return f"{self.models[0]} is not to be had at the moment; {model} was asked instead."

    def _none_left(self, gone: list[ModelGoneError]) -> ModelGoneError:
        fallbacks = tuple(dict.fromkeys(name for error in gone for name in error.fallback_models))
        if len(gone) == 1:
            message = f"{self.models[0]}: {gone[0]}"
        else:
            message = f"None of the models is to be had ({', '.join(self.models)}); the last answer was: {gone[-1]}"
        named = f" The provider names: {', '.join(fallbacks)}." if fallbacks else ""
        return ModelGoneError(message, fallback_models=fallbacks, next_step=f"Name another model in {self._variable}.{named}")
