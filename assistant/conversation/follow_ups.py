"""Follow-ups by their form: "and for agents?", "why?", "how do I test that?".

The same words are always understood the same way, and a question that stands alone is not changed.

    bare        "why?", "tell me more"             the topic, plus the bare words
    fragment    "and for agents?", "about cost?"   the last question that stood alone, plus the fragment:
                                                   the new topic
    pointing    "how do I test that?"              the topic, plus the text
    leaning     "we already do that, good enough?" the same
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from kb.entries import Language
from kb.ids import find_ids
from kb.ranking.query import MAX_QUESTION
from kb.text import STOP_WORDS, is_japanese, squeeze, terms

# Words of a fragment and of a pointing question; longer ones name their own subject.
FRAGMENT_WORDS, POINTING_WORDS = 7, 8
FRAGMENT_CHARACTERS = 24  # of Japanese
# Content words besides the pointing word; with more of them a question has its own subject.
OWN_WORDS = 2

_BARE = re.compile(
    r"""
    (?: (?:and|but|ok|okay|so|yes|no|hm+) [,\ ]+ )?
    (?: why (?:\ not|\ so|\ is\ that(?:\ so)?|\ does\ (?:it|that|this)\ matter)?
      | how (?:\ so|\ exactly|\ come)?
      | since\ when
      | (?:tell\ me|show\ me|say|know)\ more (?:\ about\ (?:it|that|this))?
      | more (?:\ details?)? (?:\ please)?
      | go\ on | continue
      | what\ else | anything\ else | else
      | for\ example | (?:can\ you\ )?give\ me\ an\ example | such\ as | like\ what
      | (?:can\ you\ |please\ )? (?:explain|elaborate) (?:\ (?:it|that|this))? (?:\ please)?
      | what\ does\ (?:it|that|this)\ mean
      | what\ do\ you\ mean (?:\ by\ (?:it|that|this))?
      | what\ next | and\ then
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FRAGMENT = re.compile(
    r"""
    (?: (?:and|but|or|also|so|ok|okay|then|plus) \b [,\ ]+ )*
    (?: (?:what|how)\ (?:about|if\ it\ is|if\ it's)
      | (?:same\ |the\ same\ )?
        (?: for|with|in|on|without|during|across|under|inside|outside|between
          | as\ for|regarding|concerning|about
        )
    ) \b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# A question after the opening stands alone: "for RAG, how large should chunks be?"
_ASKS = re.compile(
    r"\b(?:how|what|why|when|where|who|which|should|do|does|did|is|are|can|could|would|will|must|need)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(r"(?:and|or|also|plus)\b[, ]+", re.IGNORECASE)
_POINTING_WORD = r"""
    (?: it|its|that|this|they|them|their|these|those|there|one|ones
      | the\ (?:first|second|last|other)\ one
    ) \b
"""
_POINTING = re.compile(_POINTING_WORD, re.IGNORECASE | re.VERBOSE)
# Before any other noun, a pointing word has its own subject: "this week", "that model".
_POINTING_ALONE = re.compile(
    rf"""
    \b {_POINTING_WORD}
    (?= [?.!]* $
      | \s+ (?: be|is|are|was|were|do|does|did|cost|costs|work|works|help|helps|mean|means|happen|happens
              | matter|matters|safely|well|too|first|in|on|for|with|to|at|by|from|and|or|without|when|if
              | automatically|regularly|properly|often|yet|cheaper|expensive|faster|safe|enough
              | needed|required
            ) \b
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BARE_JAPANESE = re.compile(
    r"""
    (?:では|じゃあ|で|でも|それは)? 、? (?:なぜ|どうして|何故|なんで) (?:ですか|でしょうか|なのですか|なの)?
    | (?:その)? 理由は (?:何ですか|なんですか)?
    | (?:もっと|もう少し)? (?:詳しく|くわしく) (?:教えて(?:ください)?|説明して(?:ください)?|お願いします)?
    | (?:たとえば|例えば) (?:何ですか|どんな)?
    | 具体例は | 具体的には
    | (?:他|ほか)には (?:ありますか)?
    | 続けて (?:ください)?
    | それから
    | (?:それは)? どういう (?:こと|意味) (?:ですか)?
    """,
    re.VERBOSE,
)
_FRAGMENT_JAPANESE = re.compile(
    r"""
    (?:では|じゃあ|それでは|それなら|あと|また|そして|なら|一方)? 、?
    [^はがをにで、。？?]+ (?:の)?
    (?: (?:場合|とき|時|方|ほう|ケース) (?:には|は|だと|なら|も)
      | については|に関しては|についても|だと|なら|でも|では|にも|には|は
    )
    (?: どう (?:ですか|でしょうか|なりますか|すればいいですか|します(?:か)?)?
      | 同じ (?:ですか)?
      | いかがですか
    )?
    """,
    re.VERBOSE,
)
# "RAGとは？" and "コスト削減の方法は？" stand alone.
_ASKS_JAPANESE = re.compile(
    r"""
    とは
    | の (?:方法|対策|手順|仕組み|違い|条件|意味|目的|種類|やり方|基準|目安|リスク) は
    | 何|なに|どれ|どの|いつ|誰|どこ
    """,
    re.VERBOSE,
)
_POINTING_JAPANESE = re.compile(
    r"""
    (?:では、?|じゃあ、?)?
    (?:それ|これ|あれ|その場合|その時|そのとき|そこ|その方法|そのやり方|それら|これら)
    (?:は|を|に|が|で|の|、|には|では|だと|って)
    """,
    re.VERBOSE,
)
# A text that takes up the answer: "we already do that", "so the first one", "say we go ahead anyway".
_REPLY = re.compile(r"(?:and|but|so|ok(?:ay)?|then|also|anyway|say|we\ (?:already|do|have))\b", re.IGNORECASE)
_ASKS_BACK = re.compile(
    r"""
    (?:(?:how|what|when|where|why|who) \s+)?
    (?:does|do|did|is|are|was|can|could|would|will|should|has|have) \s+
    (?:it|this|that|they|these|those) \b (?! \s+ \w+ \s+ (?:to|that|if) \b )  # not "is it safe to"
    """,
    re.IGNORECASE | re.VERBOSE,
)
_POINTS_EARLY = re.compile(
    r"\b(?:it|its|it's|that|this|they|them|those|these)(?=\s+(?:is|are|was|were|do|does|did)\b)",
    re.IGNORECASE,
)
_POINTS_AT_END = re.compile(r"\b(?:it|that|this|them|those|these)\s*[?.!]*$", re.IGNORECASE)
_ENDING = re.compile(
    r"\b(?:good\ enough|enough|fine)\s*\? | \b(?:then|tho|though|too|as\ well)\s*[?.!]*$",
    re.IGNORECASE | re.VERBOSE,
)
_ASKING_JAPANESE = re.compile("[？?]|(?:か|の|ば|て|は)[。]?$")
_TAKES_UP_JAPANESE = re.compile(
    r"""
    (?: の?場合 | ケース | とき | の?(?:方|ほう) ) (?: は | なら ) [？?] | たら [？?]
    | も (?:同じ|関係|必要|対象) .{0,3} (?:[？?]|か$) | (?:十分|大丈夫) (?:です)?か | ^もし
    """,
    re.VERBOSE,
)
# First words of texts that say little: "our token bill doubled" has a subject of its own.
_OPENERS = (STOP_WORDS | {"same"}) - {"a", "an", "i", "my", "our", "the", "we", "which", "your"}
# The idf of its own terms below which a text says too little; chosen on data/eval/conversations.jsonl.
OWN_WEIGHT = {Language.ENGLISH: 24.0, Language.JAPANESE: 48.0}
OWN_TERMS, LEANING_WORDS, EARLY_WORDS = 4, 16, 9
_FINAL = "?？!！.。… "


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of a conversation: the last question that stood alone, and it with the last fragment."""

    root: str
    topic: str


def resolve(asked: str, subject: Subject, idf: Callable[[str], float]) -> tuple[Subject, str]:
    """The subject and the full question of a text that follows other questions.

    A text that stands alone is its own subject and question. `idf` gives the weight of a term.
    """
    alone = Subject(asked, asked), asked
    text = squeeze(asked) if len(asked) <= MAX_QUESTION else ""
    words = text.rstrip(_FINAL)
    if not words or find_ids(text, "0000"):
        return alone
    if _is_fragment(words) and not _is_bare(words):
        topic = join(subject.root, text)
        new, question = Subject(subject.root, topic), topic
    elif _is_bare(words) or _points_back(words) or _leans(text, idf):
        new, question = subject, join(subject.topic, text)
    else:
        return alone
    return (new, question) if len(question) <= MAX_QUESTION else alone


def join(question: str, addition: str) -> str:
    """A question with the words that follow it."""
    return f"{squeeze(question).rstrip(_FINAL)} — {addition}"


def _leans(text: str, idf: Callable[[str], float]) -> bool:
    """True if a text says too little of its own, takes up the answer, or points back early on."""
    own_terms = set(terms(text))
    own = sum(map(idf, own_terms))
    if is_japanese(text):
        says_little = own < OWN_WEIGHT[Language.JAPANESE] and _ASKING_JAPANESE.search(text) is not None
        return says_little or _TAKES_UP_JAPANESE.search(text) is not None
    words = text.lower().rstrip(_FINAL).split()
    if own < OWN_WEIGHT[Language.ENGLISH] and len(own_terms) <= OWN_TERMS and words[0] in _OPENERS:
        return True
    if len(words) > LEANING_WORDS:
        return False
    early = " ".join(words[:EARLY_WORDS])
    at_end = len(words) <= EARLY_WORDS and _POINTS_AT_END.search(text)
    return bool(
        _REPLY.match(text)
        or _ASKS_BACK.match(early)
        or _POINTS_EARLY.search(early)
        or at_end
        or _ENDING.search(text)
    )


def _is_bare(text: str) -> bool:
    return bool(_BARE.fullmatch(text) or _BARE_JAPANESE.fullmatch(text))


def _is_fragment(text: str) -> bool:
    if is_japanese(text):
        short = len(text) <= FRAGMENT_CHARACTERS and not _ASKS_JAPANESE.search(text)
        return short and _FRAGMENT_JAPANESE.fullmatch(text) is not None
    opening = _FRAGMENT.match(text) or _OPENING.match(text)
    if opening is None or len(text.split()) > FRAGMENT_WORDS:
        return False
    return _ASKS.search(text, opening.end()) is None


def _points_back(text: str) -> bool:
    if is_japanese(text):
        return len(text) <= FRAGMENT_CHARACTERS and _POINTING_JAPANESE.match(text) is not None
    words = re.findall(r"[\w'-]+", text.lower())
    own = [word for word in words if word not in STOP_WORDS and not _POINTING.fullmatch(word)]
    return len(words) <= POINTING_WORDS and len(own) <= OWN_WORDS and bool(_POINTING_ALONE.search(text))
