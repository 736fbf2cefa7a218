"""Settings, read once from the environment; the only room that looks at it.

Every field is one variable: its name is `MAESTRO_` + the field's name in capitals, except for two that are
known by plain names: `OPENROUTER_API_KEY` and `MAX_CONCURRENT_REQUESTS`. A wrong value raises SettingError, which names the
variable and what is allowed.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from maestro.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent
Models = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """What can be set, with default and range; secrets are wrapped so that no log shows them."""

    model_config = SettingsConfigDict(env_prefix="MAESTRO_", frozen=True, extra="ignore", hide_input_in_errors=True)

    openrouter_api_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="OPENROUTER_API_KEY",
        description="your key; without one the offline engine works",
    )
    engine: Literal["auto", "openrouter", "offline"] = Field(
        default="auto", description="who answers; auto: OpenRouter when there is a key"
    )
    base_url: HttpUrl = Field(default=HttpUrl("https://openrouter.ai/api/v1"), description="a server that speaks OpenRouter's wire")
    text_models: Models = Field(
        default=("openai/gpt-5-mini", "~openai/gpt-mini-latest"),
        description="for Context and Director, best first, separated by commas",
    )
    image_models: Models = Field(
        default=("google/gemini-nano-banana-2.1", "google/gemini-2.5-flash-image", "google/gemini-2.5-flash-image-preview"),
        description="for the frames, best first, separated by commas",
    )
    image_wire: Literal["images", "chat"] = Field(
        default="images", description="how pictures are asked for: POST /images, or chat completions"
    )
    max_concurrent_requests: int = Field(
        default=5,
        ge=1,
        le=32,
        validation_alias="MAX_CONCURRENT_REQUESTS",
        description="requests in flight at once",
    )
    timeout_s: float = Field(default=180.0, ge=1, le=1800, description="total time that one call may take, in seconds")
    project_cap_usd: float = Field(
        default=0.0, ge=0, le=100_000, description="what a project may cost at most, in dollars; 0: no cap"
    )
    day_cap_usd: float = Field(
        default=50.0, ge=0, le=100_000, description="what all projects may cost in a day at most, in dollars; 0: no cap"
    )
    workspace: Path = Field(default=ROOT / "workspace", description="the folder that keeps your projects")
    cache: Path | None = Field(
        default=None, description="the folder for uploaded clips of this session (default: the system's temporary folder)"
    )
    source_frame_count: int = Field(default=5, ge=1, le=12, description="source frames sampled from a clip")
    max_clip_s: float = Field(default=30.0, gt=0, le=600, description="longest clip, in seconds")
    max_upload_mb: int = Field(default=500, ge=1, le=4096, description="largest upload, in MB")
    min_free_mb: int = Field(default=200, ge=0, le=1_000_000, description="free disk space below which no paid call is made, in MB")
    answer_cache: bool = Field(default=False, description="answer a repeated Context or Director question from memory")
    app_name: str = Field(default="Maestro", max_length=60, description="the app's name as the provider sees it; empty: not sent")
    executor: Literal["threads", "dask"] = Field(
        default="threads", description="who does the work: this process, or the workers of a dask cluster"
    )
    scheduler: str = Field(default="", description="where the cluster's scheduler is, like tcp://127.0.0.1:8786")
    host: str = Field(default="127.0.0.1", min_length=1, description="the address to listen at")
    port: int = Field(default=8501, ge=0, le=65535, description="the port to listen at; 0: any free one")
    allow_others: bool = Field(default=False, description="serve other computers although a key is set")
    open_browser: bool = Field(default=True, description="open the browser at the start")

    @field_validator("text_models", "image_models", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("text_models", "image_models")
    @classmethod
    def _at_least_one(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("at least one model is needed")
        return value

    @property
    def is_offline(self) -> bool:
        """Whether the engine on this computer answers."""
        return self.engine == "offline" or (self.engine == "auto" and not self.openrouter_api_key.get_secret_value().strip())


def load() -> Settings:
    """The settings of this process. Raises SettingError for the first value that is not allowed."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingError(_sentence(error)) from None  # the cause would print the values, a secret among them
    if settings.engine == "openrouter" and not settings.openrouter_api_key.get_secret_value().strip():
        raise SettingError("MAESTRO_ENGINE is openrouter, but OPENROUTER_API_KEY is not set.")
    return settings


def variable(name: str) -> str:
    """The environment variable of a field."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"MAESTRO_{name.upper()}"


def is_loopback(host: str | None) -> bool:
    """Whether only this computer can reach an address; None stands for all addresses."""
    try:
        return ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = str(first["loc"][0])
    return f"{where if where.isupper() else variable(where)} is not allowed as it is: {first['msg'].removeprefix('Value error, ')}."
