"""Answers by a server that speaks OpenRouter's wire, through the official `openai` SDK."""

from maestro.engines.openrouter.developing import develop
from maestro.engines.openrouter.engine import OpenRouterEngine

__all__ = ["OpenRouterEngine", "develop"]
