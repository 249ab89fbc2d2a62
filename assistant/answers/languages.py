"""The language of a question that is neither English nor Japanese."""

import re
from functools import cache
from typing import TYPE_CHECKING

from kb.text import STOP_WORDS, is_japanese

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# A short question, or one with many names, looks like any language.
SURE, FEWEST_WORDS = 0.5, 4
READ = frozenset({"en", "ja"})
_KANA = re.compile("[\u3040-\u30ff]")
_KOREAN = re.compile("[\u1100-\u11ff\uac00-\ud7af]")
# Characters of Chinese sentences that a Japanese text without kana does not have.
_CHINESE = re.compile("[的了吗嗎么麼这這们們怎样樣请請让讓您哪呢吧]|如何")


def unread_language(text: str, *, doubtful: bool) -> str | None:
    """The ISO 639 code of the language of a text that genlens does not read; None if it reads it.

    Latin text is only identified if it is `doubtful`, has no common English word, or has other letters.
    """
    if _KOREAN.search(text):
        return "ko"
    if is_japanese(text):
        return "zh" if not _KANA.search(text) and _is_chinese(text) else None
    words = text.lower().split()
    english = not STOP_WORDS.isdisjoint(words)
    if _is_english_letters(text) and (len(words) < FEWEST_WORDS or (english and not doubtful)):
        return None
    code, probability = _identifier().classify(text)
    return code if code not in READ and probability >= SURE else None


def _is_english_letters(text: str) -> bool:
    """True if every letter of a text is one of a to z."""
    return all(character.isascii() for character in text if character.isalpha())


def _is_chinese(text: str) -> bool:
    """True for Han text with characters that are not used in Japan, or that join Chinese sentences."""
    try:
        "".join(filter(str.isalpha, text)).encode("euc_jp")
    except UnicodeEncodeError:
        return True
    return _CHINESE.search(text) is not None


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # reads its model, which takes a second

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
