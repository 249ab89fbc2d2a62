"""Text of pages, models and users as Markdown: it is data, and nothing in it means anything.

Every punctuation mark of it is escaped, so that nothing in it becomes a link, an image, HTML, a formula or a
directive; links lead to web addresses alone.
"""

import re
import string
from urllib.parse import quote

from kb.text import squeeze

_PUNCTUATION = re.compile(f"([{re.escape(string.punctuation)}])")
# What an address keeps as it is; blanks and brackets would end the link.
_ADDRESS = ":/?#@!$&'*+,;=%~"


def escape(text: str) -> str:
    """The text with every ASCII punctuation mark escaped for Markdown (CommonMark, section 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", text)


def link(text: str, url: str) -> str:
    """A Markdown link to a web address; the text alone where it is none."""
    if not url.startswith(("https://", "http://")):
        return escape(squeeze(text))
    return f"[{escape(squeeze(text))}]({quote(url, _ADDRESS)})"


def fenced(text: str, language: str) -> str:
    """Text in a fence that it cannot close; the language is for highlighting."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
