"""What a model is told for one answer: put together by code, from one conversation and from what the house itself says.

Not here: who is asked and how (client), what becomes of the answer (actions).
"""

from apps.assistant.prompt.build import build_prompt, preview

__all__ = ["build_prompt", "preview"]
