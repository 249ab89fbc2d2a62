"""A language model within token budgets: one per answer, one per conversation, one for the whole process."""

import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from threading import Lock

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
# The reason why a response that is not cached is missing, if nothing may be asked.
UNASKED = "opening a link asks nothing"
# Characters per token: a server that exceeds its tokens is cut off.
CHARACTERS_PER_TOKEN = 8
# Estimates of tokens can be wrong by this factor.
TOLERANCE = 2


class NotAskedError(LanguageModelError):
    """Nothing was sent to a language model: a budget is too small, or only cached responses are wanted."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The number of tokens that may be used, and the setting that says so."""

    setting: str
    tokens: int


class Spending:
    """The tokens of all conversations of a process, used or reserved; shared by its threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tokens = 0

    @property
    def tokens(self) -> int:
        """The tokens used, and those reserved by running requests."""
        return self._tokens

    def reserve(self, least: int, most: int, budget: Budget) -> int:
        """Reserve tokens before a request: `most`, or what the budget leaves.

        :raises NotAskedError: it leaves fewer than `least`.
        """
        with self._lock:
            reserved = min(most, budget.tokens - self._tokens)
            if reserved < least:
                raise NotAskedError(
                    f"this process has used {self._tokens:,} of its {budget.tokens:,} tokens, which leaves "
                    f"too few for a question; restart it, or raise {budget.setting}"
                )
            self._tokens += reserved
            return reserved

    def settle(self, reserved: int, used: int) -> None:
        """Replace a reservation by the tokens that were used.

        A server that counts far more than it was allowed does not use up the budget of everybody.
        """
        with self._lock:
            self._tokens += min(used, TOLERANCE * reserved) - reserved


PROCESS = Spending()


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
        *,
        process_tokens: int = sys.maxsize,
        asking: bool = True,
    ) -> None:
        """Without `cache` nothing is cached; without `asking` only cached responses are given."""
        self.spent = 0
        self.usage: Usage | None = None
        self._model, self._cache, self._asking = model, cache, asking
        self._answer = Budget("GENLENS_LLM_ANSWER_TOKENS", answer_tokens)
        self._conversation = Budget("GENLENS_LLM_CONVERSATION_TOKENS", conversation_tokens)
        self._process = Budget("GENLENS_LLM_PROCESS_TOKENS", process_tokens)
        self._pending: tuple[str, CachedResponse] | None = None

    def stream(self, prompt: Prompt, build: str) -> Generator[str, None, None]:
        """The response in pieces; `usage` is set at its end, even after an error.

        :raises NotAskedError: a budget is too small, or the response is not cached and nothing may be asked.
        :raises LanguageModelError: the response is incomplete.
        """
        self.usage = self._pending = None
        key = cache_key(self._model.name, prompt, build)
        cached = self._cache.get(key) if self._cache else None
        if cached:
            self._count(cached, cached=True)
            yield cached.text
        elif not self._asking:
            raise NotAskedError(UNASKED)
        else:
            yield from self._stream_fresh(prompt, key)

    def remember(self) -> None:
        """Cache the last response; call it once the response has passed all checks."""
        if self._cache and self._pending:
            self._cache.put(*self._pending)

    def _stream_fresh(self, prompt: Prompt, key: str) -> Iterator[str]:
        estimate = estimate_tokens(prompt.instructions) + estimate_tokens(prompt.material)
        least = estimate + MIN_WRITTEN
        reserved = PROCESS.reserve(least, self._allowed(least, estimate + MAX_WRITTEN), self._process)
        allowed = reserved - estimate
        shown = min(allowed, MAX_SHOWN)
        text, read, written = "", 0, 0
        try:
            for piece in self._model.stream(prompt, allowed):
                text += piece.text
                read, written = max(read, piece.read), max(written, piece.written)
                if len(text) > shown * CHARACTERS_PER_TOKEN:
                    raise LanguageModelError(f"it wrote more than the {shown:,} tokens it was allowed")
                if written > TOLERANCE * allowed:
                    raise LanguageModelError(f"it wrote more than the {allowed:,} tokens it was allowed")
                yield piece.text
            self._pending = (key, _response(text, read, written, estimate))
        finally:
            response = _response(text, read, written, estimate)
            PROCESS.settle(reserved, response.read + response.written)
            self._count(response)

    def _allowed(self, least: int, most: int) -> int:
        """The tokens that one request may use, read and written: `most`, or what the budgets leave.

        :raises NotAskedError: one of them leaves fewer than `least`.
        """
        budgets = (
            (self._answer, self._answer.tokens),
            (self._conversation, self._conversation.tokens - self.spent),
        )
        budget, left = min(budgets, key=lambda one: one[1])
        if left < least:
            raise NotAskedError(
                f"the question needs about {least:,} tokens and {budget.setting} leaves {max(left, 0):,}"
            )
        return min(most, left)

    def _count(self, response: CachedResponse, *, cached: bool = False) -> None:
        self.spent += 0 if cached else response.read + response.written
        self.usage = usage_of(
            self._model.name, response.read, response.written, estimated=response.estimated, cached=cached
        )


def open_budgeted_model(settings: Settings, *, asking: bool = True) -> BudgetedModel:
    """The configured language model for one conversation; nothing is sent yet, or ever without `asking`.

    :raises SettingsError: no model is set.
    :raises MissingExtraError: its package is not installed or its key is not in the environment.
    """
    return BudgetedModel(
        open_model(settings),
        settings.llm_answer_tokens,
        settings.llm_conversation_tokens,
        ResponseCache(settings.home / "responses"),
        process_tokens=settings.llm_process_tokens,
        asking=asking,
    )


def _response(text: str, read: int, written: int, estimate: int) -> CachedResponse:
    """A response with the counted tokens, or with estimates for uncounted ones."""
    return CachedResponse(text, read or estimate, written or estimate_tokens(text), estimated=not read)
