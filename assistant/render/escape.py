"""Text of pages, models and users as Markdown: it is data, without any markup of its own.

What Markdown, or Streamlit's Markdown, would read as markup is escaped, and an address stands as code, so no
text becomes a link, an image, HTML, a formula or a directive. Links lead to web addresses only.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

from kb.text import squeeze

# Links by themselves: GitHub's extended autolinks, which a backslash does not stop
# (https://github.github.com/gfm/#autolinks-extension-).
_AUTOLINK = re.compile(
    r"""
    (?: \b[a-z][a-z0-9+.-]{1,20}:// | \bwww\. ) [^\s`]* [^\s`.,;:!?'")\]}>。、）」]
    | \b(?: mailto | xmpp ): [^\s`]+ [^\s`.,;:!?'")\]}>。、）」]
    | [\w.+-]+ @ [\w-]+ (?: \. [\w-]+ )+
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Markup anywhere; an underscore within a word is none. A colon begins a directive or the name of an emoji.
_MARKUP = re.compile(r"[\\`*\[\]<>&|~$]|(?<![^\W_])_|_(?![^\W_])|:(?=[\w+/-]*[:\[])")
# Markup at the start of a line: headings, lists, rules, and the underline of a heading.
_START = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))", re.MULTILINE)
# Characters an address keeps; spaces and brackets would end the link.
_ADDRESS = ":/?#@!$&'*+,;=%~"


def escape(text: str) -> str:
    """The text as Markdown that shows it as it is (CommonMark, section 2.4); addresses are code."""
    return "".join(_escaped(text))


def _escaped(text: str) -> Iterator[str]:
    """The escaped parts of a text, in order."""
    end = 0
    for found in _AUTOLINK.finditer(text):
        yield _plain(text[end : found.start()], at_start=end == 0)
        yield f"`{found[0]}`"
        end = found.end()
    yield _plain(text[end:], at_start=end == 0)


def _plain(text: str, *, at_start: bool) -> str:
    """The text with markup escaped; `at_start` if a line begins with it."""
    escaped = _MARKUP.sub(r"\\\g<0>", text)
    rest = escaped if at_start else escaped.partition("\n")[2]
    return escaped[: len(escaped) - len(rest)] + _START.sub(_start_escaped, rest)


def _start_escaped(found: re.Match[str]) -> str:
    """The start of a line with its markup escaped; a number of a list has the escape behind it."""
    white, mark = found.groups()
    return f"{white}{mark}\\" if mark.isdigit() else f"{white}\\{mark}"


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
