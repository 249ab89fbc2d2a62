"""Text of pages, models and users as Markdown: it is data, without any markup of its own.

All punctuation is escaped, so no text becomes a link, an image, HTML, a formula or a directive. Links lead to
web addresses only.
"""

import re
import string
from urllib.parse import quote

from kb.text import squeeze

_PUNCTUATION = re.compile(f"([{re.escape(string.punctuation)}])")
# Characters an address keeps; spaces and brackets would end the link.
_ADDRESS = ":/?#@!$&'*+,;=%~"


def escape(text: str) -> str:
    """The text with every ASCII punctuation mark escaped for Markdown (CommonMark, section 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", text)


def link(text: str, url: str) -> str:
    """A Markdown link to a web address; only the text for any other address."""
    if not url.startswith(("https://", "http://")):
        return escape(squeeze(text))
    return f"[{escape(squeeze(text))}]({quote(url, _ADDRESS)})"


def fenced(text: str, language: str) -> str:
    """Text in a code fence longer than any in the text; `language` is for syntax highlighting."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
