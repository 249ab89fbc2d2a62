"""A conversation, and follow-up questions that lean on the one before: "and for agents?", "why?".

Without a language model a follow-up is told by its form alone, so that the same words are always understood
the same way. What stands on its own is never changed.

    bare        "why?", "tell me more"            the question before, whole, with what is asked of it
    fragment    "and for agents?", "about cost?"  the last question that stood on its own, with the fragment
    pointing    "how do I test that?"             the same
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.answers.composition import Answer, Statement
from assistant.generate import condense, responding
from assistant.llm.budget import Writer
from assistant.llm.client import LanguageModelError
from kb.ids import find_ids
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import ALL, Filters
from kb.ranking.query import MAX_QUESTION
from kb.text import STOP_WORDS, is_japanese, squeeze

# Words of a fragment and of a question that points back; what is longer says by itself what it is about.
FRAGMENT_WORDS, POINTING_WORDS = 7, 8
FRAGMENT_CHARACTERS = 24  # of Japanese
# Content words beside the pointing word: with more of them a question has a subject of its own.
OWN_WORDS = 2

_BARE = re.compile(
    r"(?:(?:and|but|ok|okay|so|yes|no|hm+)[, ]+)?"
    r"(?:why(?: not| so| is that(?: so)?| does (?:it|that|this) matter)?|"
    r"how(?: so| exactly| come)?|since when|"
    r"(?:tell me|show me|say|know) more(?: about (?:it|that|this))?|more(?: details?)?(?: please)?|"
    r"go on|continue|"
    r"what else|anything else|else|for example|(?:can you )?give me an example|such as|like what|"
    r"(?:can you |please )?(?:explain|elaborate)(?: (?:it|that|this))?(?: please)?|"
    r"what does (?:it|that|this) mean|what do you mean(?: by (?:it|that|this))?|what next|and then)",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(
    r"(?:(?:and|but|or|also|so|ok|okay|then|plus)\b[, ]+)*"
    r"(?:(?:what|how) (?:about|if it is|if it's)|(?:same |the same )?(?:for|with|in|on|without|during|across|"
    r"under|inside|outside|between|as for|regarding|concerning|about))\b",
    re.IGNORECASE,
)
# What asks by itself after an opening is no fragment: "for RAG, how large should chunks be?"
_ASKS = re.compile(
    r"\b(?:how|what|why|when|where|who|which|should|do|does|did|is|are|can|could|would|will|must|need)\b",
    re.IGNORECASE,
)
_OPENED = re.compile(r"(?:and|or|also|plus)\b[, ]+", re.IGNORECASE)
_POINTING = re.compile(
    r"(?:it|its|that|this|they|them|their|these|those|there|one|ones|the (?:first|second|last|other) one)\b",
    re.IGNORECASE,
)
# "this week" and "that model" point at what they say themselves.
_POINTING_ALONE = re.compile(
    rf"\b{_POINTING.pattern}(?=[?.!]*$|\s+(?:be|is|are|was|were|do|does|did|cost|costs|work|works|help|helps|"
    r"mean|means|happen|happens|matter|matters|safely|well|too|first|in|on|for|with|to|at|by|from|and|or|without|"
    r"when|if|automatically|regularly|properly|often|yet|cheaper|expensive|faster|safe|enough|needed|required)\b)",
    re.IGNORECASE,
)
_BARE_JAPANESE = re.compile(
    r"(?:では|じゃあ|で|でも|それは)?、?(?:なぜ|どうして|何故|なんで)(?:ですか|でしょうか|なのですか|なの)?|"
    r"(?:その)?理由は(?:何ですか|なんですか)?|(?:もっと|もう少し)?(?:詳しく|くわしく)(?:教えて(?:ください)?|説明して(?:ください)?|お願いします)?|"
    r"(?:たとえば|例えば)(?:何ですか|どんな)?|具体例は|具体的には|(?:他|ほか)には(?:ありますか)?|続けて(?:ください)?|それから|"
    r"(?:それは)?どういう(?:こと|意味)(?:ですか)?"
)
_FRAGMENT_JAPANESE = re.compile(
    r"(?:では|じゃあ|それでは|それなら|あと|また|そして|なら|一方)?、?"
    r"[^はがをにで、。？?]+(?:の)?"
    r"(?:(?:場合|とき|時|方|ほう|ケース)(?:には|は|だと|なら|も)|については|に関しては|についても|だと|なら|でも|では|にも|には|は)"
    r"(?:どう(?:ですか|でしょうか|なりますか|すればいいですか|します(?:か)?)?|同じ(?:ですか)?|いかがですか)?"
)
# "RAGとは？" and "コスト削減の方法は？" say by themselves what they ask.
_ASKS_JAPANESE = re.compile(
    r"とは|の(?:方法|対策|手順|仕組み|違い|条件|意味|目的|種類|やり方|基準|目安|リスク)は|(?:何|なに|どれ|どの|いつ|誰|どこ)"
)
_POINTING_JAPANESE = re.compile(
    r"(?:では、?|じゃあ、?)?(?:それ|これ|あれ|その場合|その時|そのとき|そこ|その方法|そのやり方|それら|これら)(?:は|を|に|が|で|の|、|には|では|だと|って)"
)
_END = "?？!！.。… "


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was asked and as it was understood, and its answer.

    `root` is the last question that stood on its own; `question` is what was answered.
    """

    asked: str
    root: str
    question: str
    answer: Answer

    @property
    def rewritten(self) -> bool:
        """Whether the question was understood with help of the ones before."""
        return self.question != self.asked


def reply(
    base: KnowledgeBase,
    asked: str,
    before: Sequence[Turn] = (),
    filters: Filters = ALL,
    writer: Writer | None = None,
) -> Turn:
    """The next turn of a conversation.

    :raises GenlensError: the question cannot be answered, as with `assistant.answers.composition.ask`.
    """
    *_, last = replying(base, asked, before, filters, writer)
    if not isinstance(last, Turn):
        raise TypeError("the last of what comes back is the turn")
    return last


def replying(
    base: KnowledgeBase,
    asked: str,
    before: Sequence[Turn] = (),
    filters: Filters = ALL,
    writer: Writer | None = None,
) -> Iterator[Statement | Turn]:
    """Each statement of a writer's model as soon as it has been checked, then the next turn, always last.

    :raises GenlensError: the question cannot be answered, as with `assistant.answers.composition.ask`.
    """
    root, question = _condensed(asked, before, writer)
    for made in responding(base, question, filters, writer):
        yield Turn(asked, root, question, made) if isinstance(made, Answer) else made


def _condensed(asked: str, before: Sequence[Turn], writer: Writer | None) -> tuple[str, str]:
    """The root and the question that a text stands for: by the model where there is one, else by rule."""
    by_rule = understood(asked, before[-1] if before else None)
    if writer is None or not before or len(asked) > MAX_QUESTION or find_ids(asked, "0000"):
        return by_rule
    history = [(turn.question, " ".join(s.text for s in turn.answer.statements)) for turn in before]
    try:
        question = condense(history, squeeze(asked), writer)
    except LanguageModelError:  # the answer will tell why; the rules do until then
        return by_rule
    return question, question


def understood(asked: str, last: Turn | None) -> tuple[str, str]:
    """The root and the question that a text stands for after a turn; the text twice where it stands alone."""
    text = squeeze(asked) if len(asked) <= MAX_QUESTION else ""
    said = text.rstrip(_END)
    if last is None or not said or find_ids(text, "0000"):
        return asked, asked
    if _is_bare(said):
        root, question = last.root, _joined(last.question, text)
    elif _is_fragment(said) or _points_back(said):
        root, question = last.root, _joined(last.root, text)
    else:
        return asked, asked
    return (root, question) if len(question) <= MAX_QUESTION else (asked, asked)


def _joined(question: str, addition: str) -> str:
    return f"{squeeze(question).rstrip(_END)} — {addition}"


def _is_bare(said: str) -> bool:
    return bool(_BARE.fullmatch(said) or _BARE_JAPANESE.fullmatch(said))


def _is_fragment(said: str) -> bool:
    if is_japanese(said):
        short = len(said) <= FRAGMENT_CHARACTERS and not _ASKS_JAPANESE.search(said)
        return short and _FRAGMENT_JAPANESE.fullmatch(said) is not None
    opening = _FRAGMENT.match(said) or _OPENED.match(said)
    if opening is None or len(said.split()) > FRAGMENT_WORDS:
        return False
    return _ASKS.search(said, opening.end()) is None


def _points_back(said: str) -> bool:
    if is_japanese(said):
        return len(said) <= FRAGMENT_CHARACTERS and _POINTING_JAPANESE.match(said) is not None
    words = re.findall(r"[\w'-]+", said.lower())
    own = [word for word in words if word not in STOP_WORDS and not _POINTING.fullmatch(word)]
    return len(words) <= POINTING_WORDS and len(own) <= OWN_WORDS and bool(_POINTING_ALONE.search(said))
