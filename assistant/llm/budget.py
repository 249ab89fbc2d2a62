"""A language model within its budgets: what one conversation asks it, and what that may cost."""

from collections.abc import Iterator

from assistant.llm.cache import Response, Responses, key_of
from assistant.llm.client import LanguageModel, LanguageModelError
from assistant.llm.prompts import Prompt
from assistant.llm.providers import open_model
from assistant.llm.usage import Usage, tokens_of, usage_of
from kb.settings import Settings

# Tokens: eight sentences with their ids need 300; a model that reasons first needs the rest for its thoughts,
# of which nothing arrives here.
MOST_WRITTEN, MOST_SHOWN = 4_000, 1_000
LEAST_WRITTEN = 60
# Characters: a server that goes on after the tokens it was allowed is not listened to.
CHARACTERS_A_TOKEN = 8


class Writer:
    """Asks a model for one conversation: each answer and the whole of it have a budget of tokens.

    Where the server does not count the tokens they are estimated.
    """

    def __init__(
        self,
        model: LanguageModel,
        answer_tokens: int,
        conversation_tokens: int,
        responses: Responses | None = None,
    ) -> None:
        """`responses` are those kept from before, and None where none are kept."""
        self.spent = 0
        self.usage: Usage | None = None
        self._model, self._responses = model, responses
        self._answer_tokens, self._conversation_tokens = answer_tokens, conversation_tokens
        self._unkept: tuple[str, Response] | None = None

    def write(self, prompt: Prompt, build: str) -> Iterator[str]:
        """What the model answers, in pieces; `usage` is set when it has ended, in whatever way.

        :raises LanguageModelError: a budget does not suffice, or the model does not answer whole.
        """
        self.usage = self._unkept = None
        key = key_of(self._model.name, prompt, build)
        kept = self._responses.kept(key) if self._responses else None
        if kept:
            self._count(kept, cached=True)
            yield kept.text
        else:
            yield from self._written(prompt, key)

    def keep(self) -> None:
        """Keep the last response for the next time; to be called when it has proved good."""
        if self._responses and self._unkept:
            self._responses.keep(*self._unkept)

    def _written(self, prompt: Prompt, key: str) -> Iterator[str]:
        estimate = tokens_of(prompt.instructions) + tokens_of(prompt.material)
        most = self._room(estimate)
        shown = min(most, MOST_SHOWN)
        text, read, written = "", 0, 0
        try:
            for piece in self._model.stream(prompt, most):
                text += piece.text
                read, written = max(read, piece.read), max(written, piece.written)
                if len(text) > shown * CHARACTERS_A_TOKEN:
                    raise LanguageModelError(f"it wrote more than the {shown:,} tokens it was allowed")
                if written > 2 * most:
                    raise LanguageModelError(f"it wrote more than the {most:,} tokens it was allowed")
                yield piece.text
            counted = read > 0
            self._unkept = (key, Response(text, read or estimate, written or tokens_of(text), not counted))
        finally:
            self._count(Response(text, read or estimate, written or tokens_of(text), estimated=not read))

    def _room(self, read: int) -> int:
        """How many tokens may be written to a prompt of so many."""
        budgets = {
            "GENLENS_LLM_ANSWER_TOKENS": self._answer_tokens,
            "GENLENS_LLM_CONVERSATION_TOKENS": self._conversation_tokens - self.spent,
        }
        name, left = min(budgets.items(), key=lambda budget: budget[1])
        if left - read < LEAST_WRITTEN:
            raise LanguageModelError(
                f"the question needs about {read + LEAST_WRITTEN:,} tokens and {name} leaves {max(left, 0):,}"
            )
        return min(MOST_WRITTEN, left - read)

    def _count(self, response: Response, *, cached: bool = False) -> None:
        self.spent += 0 if cached else response.read + response.written
        self.usage = usage_of(
            self._model.name, response.read, response.written, estimated=response.estimated, cached=cached
        )


def open_writer(settings: Settings) -> Writer:
    """A writer for one conversation with the model of the settings; nothing is sent yet.

    :raises SettingsError: no model is set.
    :raises MissingExtraError: its package is not installed or its key is not in the environment.
    """
    return Writer(
        open_model(settings),
        settings.llm_answer_tokens,
        settings.llm_conversation_tokens,
        Responses(settings.home / "responses"),
    )
