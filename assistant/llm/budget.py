"""A language model within token budgets: one per answer, one per conversation."""

from collections.abc import Generator, Iterator

from assistant.answers.records import Usage
from assistant.llm.cache import CachedResponse, ResponseCache, cache_key
from assistant.llm.client import LanguageModel, LanguageModelError
from assistant.llm.prompts import Prompt
from assistant.llm.providers import open_model
from assistant.llm.usage import estimate_tokens, usage_of
from kb.settings import Settings

# Tokens: eight sentences with their ids need 300. A model that reasons first may use the rest for its
# thoughts, which are not part of the response.
MAX_WRITTEN, MAX_SHOWN = 4_000, 1_000
MIN_WRITTEN = 60
# Characters per token: a server that exceeds its tokens is cut off.
CHARACTERS_PER_TOKEN = 8


class BudgetedModel:
    """A language model for one conversation, with token budgets and a cache.

    Tokens are estimated if the server does not count them.
    """

    def __init__(
        self,
        model: LanguageModel,
        answer_tokens: int,
        conversation_tokens: int,
        cache: ResponseCache | None = None,
    ) -> None:
        """Without `cache` nothing is cached."""
        self.spent = 0
        self.usage: Usage | None = None
        self._model, self._cache = model, cache
        self._answer_tokens, self._conversation_tokens = answer_tokens, conversation_tokens
        self._pending: tuple[str, CachedResponse] | None = None

    def stream(self, prompt: Prompt, build: str) -> Generator[str, None, None]:
        """The response in pieces; `usage` is set at its end, even after an error.

        :raises LanguageModelError: a budget is too small, or the response is incomplete.
        """
        self.usage = self._pending = None
        key = cache_key(self._model.name, prompt, build)
        cached = self._cache.get(key) if self._cache else None
        if cached:
            self._count(cached, cached=True)
            yield cached.text
        else:
            yield from self._stream_fresh(prompt, key)

    def remember(self) -> None:
        """Cache the last response; call it once the response has passed all checks."""
        if self._cache and self._pending:
            self._cache.put(*self._pending)

    def _stream_fresh(self, prompt: Prompt, key: str) -> Iterator[str]:
        estimate = estimate_tokens(prompt.instructions) + estimate_tokens(prompt.material)
        allowed = self._allowed(estimate)
        shown = min(allowed, MAX_SHOWN)
        text, read, written = "", 0, 0
        try:
            for piece in self._model.stream(prompt, allowed):
                text += piece.text
                read, written = max(read, piece.read), max(written, piece.written)
                if len(text) > shown * CHARACTERS_PER_TOKEN:
                    raise LanguageModelError(f"it wrote more than the {shown:,} tokens it was allowed")
                if written > 2 * allowed:
                    raise LanguageModelError(f"it wrote more than the {allowed:,} tokens it was allowed")
                yield piece.text
            self._pending = (key, _response(text, read, written, estimate))
        finally:
            self._count(_response(text, read, written, estimate))

    def _allowed(self, read: int) -> int:
        """The number of tokens that may be written after reading some.

        :raises LanguageModelError: a budget is too small.
        """
        budgets = {
            "GENLENS_LLM_ANSWER_TOKENS": self._answer_tokens,
            "GENLENS_LLM_CONVERSATION_TOKENS": self._conversation_tokens - self.spent,
        }
        name, left = min(budgets.items(), key=lambda budget: budget[1])
        if left - read < MIN_WRITTEN:
            raise LanguageModelError(
                f"the question needs about {read + MIN_WRITTEN:,} tokens and {name} leaves {max(left, 0):,}"
            )
        return min(MAX_WRITTEN, left - read)

    def _count(self, response: CachedResponse, *, cached: bool = False) -> None:
        self.spent += 0 if cached else response.read + response.written
        self.usage = usage_of(
            self._model.name, response.read, response.written, estimated=response.estimated, cached=cached
        )


def open_budgeted_model(settings: Settings) -> BudgetedModel:
    """The configured language model for one conversation; nothing is sent yet.

    :raises SettingsError: no model is set.
    :raises MissingExtraError: its package is not installed or its key is not in the environment.
    """
    return BudgetedModel(
        open_model(settings),
        settings.llm_answer_tokens,
        settings.llm_conversation_tokens,
        ResponseCache(settings.home / "responses"),
    )


def _response(text: str, read: int, written: int, estimate: int) -> CachedResponse:
    """A response with the counted tokens, or with estimates for uncounted ones."""
    return CachedResponse(text, read or estimate, written or estimate_tokens(text), estimated=not read)
