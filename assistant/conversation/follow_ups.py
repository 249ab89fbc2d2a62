"""Follow-ups by their form: "and for agents?", "why?", "how do I test that?".

The same words are always understood the same way, and a question that stands alone is never changed.

    bare        "why?", "tell me more"            the last question as it was understood, plus the bare words
    fragment    "and for agents?", "about cost?"  the last question that stood alone, plus the fragment
    pointing    "how do I test that?"             the same
"""

import re

from kb.ids import find_ids
from kb.ranking.query import MAX_QUESTION
from kb.text import STOP_WORDS, is_japanese, squeeze

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
_FINAL = "?？!！.。… "


def resolve(asked: str, root: str, last: str) -> tuple[str, str]:
    """The root and the full question of a text that follows other questions.

    `root` is the last question that stood alone, `last` the last question as it was understood. A text that
    stands alone is its own root and question.
    """
    text = squeeze(asked) if len(asked) <= MAX_QUESTION else ""
    words = text.rstrip(_FINAL)
    if not words or find_ids(text, "0000"):
        return asked, asked
    if _is_bare(words):
        question = _joined(last, text)
    elif _is_fragment(words) or _points_back(words):
        question = _joined(root, text)
    else:
        return asked, asked
    return (root, question) if len(question) <= MAX_QUESTION else (asked, asked)


def _joined(question: str, addition: str) -> str:
    return f"{squeeze(question).rstrip(_FINAL)} — {addition}"


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
