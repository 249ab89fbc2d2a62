"""The intent of a question: an amount, a reason, a test, a choice or an action; and the passages that fit."""

import re
from enum import StrEnum
from functools import lru_cache

from kb.entries import Kind, Role
from kb.index.passages import Passage


class Intent(StrEnum):
    """The kind of answer a question asks for."""

    TIME = "time"
    AMOUNT = "amount"
    REASON = "reason"
    TEST = "test"
    CHOICE = "choice"
    ACTION = "action"


_FLAGS = re.IGNORECASE | re.VERBOSE
_ASKED = {
    Intent.TIME: re.compile(
        r"""
        \b how \s+ (?:long|often|soon|frequently|fast) \b | \b since\ when \b
        | 何(?:秒|分|時間|日|か月|回) | 頻度 | どのくらいの (?:時間|期間|間隔) | 有効時間
        """,
        _FLAGS,
    ),
    Intent.AMOUNT: re.compile(
        r"""
        \b how \s+ (?:many|much|big|large|high|low|fresh|few|small) \b
        | \b (?:minimum|maximum) \s+ (?:size|length|number)
        | どれ?くらい | どのくらい | どれぐらい | いくつ | いくら | 何(?:件|個|トークン|パーセント)
        """,
        _FLAGS,
    ),
    Intent.REASON: re.compile(
        r"""
        \b why \b | \b how \s+ (?:so|come) \b
        | \b (?:what|which) \s+ (?:is|are) \s+ the \s+ (?:reason|point|benefit|danger|risk)s? \b
        | なぜ | どうして | 何故 | 理由は
        """,
        _FLAGS,
    ),
    Intent.TEST: re.compile(
        r"""
        \b (?:test|verify|validate|prove|measure|audit|benchmark|evaluate|assess|detect) \b
        | \b (?:find|check) \s+ (?:out|that|whether|if) \b
        | \b (?:notice|know|tell) \s+ (?:that|if|whether|when|it|this) \b
        | 確かめ | 検証 | テスト | 測定 | 計測 | 監査 | 評価
        """,
        _FLAGS,
    ),
    Intent.CHOICE: re.compile(
        r"""
        \b which \b | \b (?:choose|pick|select|decide) \b
        | \b (?:better|instead\ of|rather\ than|versus|vs) \b
        | \b when \s+ (?:should|do|is|does) \b | \b \w+ \s+ or \s+ \w+ .* \?
        | どちら | どれ | どの | 選ぶ | 選び方 | 使い分け | 判断
        """,
        _FLAGS,
    ),
}
_FITS = {
    Intent.TIME: re.compile(
        r"""
        \b (?:second|minute|hour|day|week|month|quarter|year) s? \b
        | \b (?:weekly|monthly|daily|hourly|quarterly|regularly|periodic\w*|continuous\w*|ongoing|ttl) \b
        | [秒分日年月週] | 時間 | 定期 | 継続
        """,
        _FLAGS,
    ),
    Intent.AMOUNT: re.compile(
        r"""
        \d | \b (?:percent|token|dollar|sample|dozen|hundred|thousand) s? \b
        | \b (?:minimum|maximum|at\ least|at\ most|size|small|large|threshold) \b
        | [件個] | 最小 | 最大 | 以上 | 以内 | 上限
        """,
        _FLAGS,
    ),
    Intent.REASON: re.compile(
        r"""
        \b (?:because|since|so\ that|otherwise|without|lead|cause|risk|harm|reduc|prevent|help|means) \w*
        | ため | から | ので | おそれ | 防
        """,
        _FLAGS,
    ),
    Intent.TEST: re.compile(
        r"""
        \b (?:test|measur|evaluat|monitor|verif|validat|compar|benchmark|audit|log|check|assess|simulat) \w*
        | 確認 | 検証 | テスト | 測定 | 監視 | 評価 | 比較 | 記録
        """,
        _FLAGS,
    ),
    Intent.CHOICE: re.compile(
        r"""
        \b (?:when|if|where|unless|instead|rather|better|depend|prefer|suit|ideal|cheaper|whereas|trade) \w*
        | 場合 | なら | とき | 向く | 適 | 比べ
        """,
        _FLAGS,
    ),
}
# The bonus of a passage with the words of an intent, and of a section with its role.
_BONUS = {
    Intent.TIME: 0.20,
    Intent.AMOUNT: 0.20,
    Intent.REASON: 0.08,
    Intent.TEST: 0.08,
    Intent.CHOICE: 0.04,
    Intent.ACTION: 0.0,
}
_REASONS = frozenset({Role.OUTCOME, Role.BENEFITS, Role.ANTI_PATTERNS, Role.INTRODUCTION, Role.EXAMPLES})
REASON_SECTION, PREVENTION = 0.15, 0.08


def intent_of(question: str) -> Intent:
    """The first intent whose words are in the question; ACTION without any."""
    return next((intent for intent, words in _ASKED.items() if words.search(question)), Intent.ACTION)


def fits(passage: Passage, intent: Intent) -> bool:
    """True if a passage has words of the intent; every passage fits an ACTION."""
    return intent not in _FITS or _has_words(intent, passage.text)


@lru_cache(maxsize=8192)
def _has_words(intent: Intent, text: str) -> bool:
    return _FITS[intent].search(text) is not None


def fitness(passage: Passage, intent: Intent) -> float:
    """The bonus of a passage for a question with this intent."""
    bonus = _BONUS[intent] if fits(passage, intent) else 0.0
    role = passage.section.role
    if intent is Intent.REASON:
        return bonus + (REASON_SECTION if role in _REASONS else 0.0)
    # How to prevent a risk comes before the risk itself.
    return bonus + (PREVENTION if passage.entry.kind is Kind.RISK and role is Role.STEPS else 0.0)
