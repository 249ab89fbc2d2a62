"""The question in what was pasted: a ticket, a log, a template, a few polite sentences.

Code, traces, logs, tables, settings, checklists and the sections of a template on versions are set aside line
by line; greetings, thanks and versions phrase by phrase. Of a long text, the sentences that ask or complain
are kept. Nothing is set aside if nothing else would be left.
"""

import re
from collections.abc import Iterator

from kb.text import is_japanese, sentences, squeeze

# Characters of a question; of a longer text, the sentences that say most are kept.
LONGEST = 900
# A question this short beside a trace needs the error in it: "what should we change?"
SHORT = 100
_ERROR = re.compile(r"\b[A-Z]\w+(?:Exception|Error)\b[^\n]{0,100}")

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_FRONT = re.compile(r"\A\s*---\s*\n.*?\n---\s*(?:\n|\Z)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(
    r"^\s*(?:\#{1,6}\s+(?P<marked>.+)|\*\*(?P<bold>[^*]+)\*\*:?\s*|(?P<plain>[A-Z][\w /]{2,40}):\s*)$"
)
# Sections of templates that say nothing on the question.
_SIDE_SECTION = re.compile(
    r"""
    environment|version|system|platform|setup|checklist|check|before\ you|pre-?requisite|confirm|log|trace
    | stack|screenshot|reproduc|steps|code|config|additional\ context|hardware|os\b|package|dependenc|contact
    | 環境 | バージョン | ログ | 再現 | チェック
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SIDE_LINE = re.compile(
    r"""
    ^\s* (?:
        [-*]\s*\[[\ xX]\]                                          # a checkbox
      | \|.*\|\s*$ | [|+\-=:\s]{4,}$                               # a table, a rule
      | at\s+[\w.$<>/]+\s*[(:]                                     # a frame of Java or JavaScript
      | Traceback\b | File\s+".+",\ line\ \d+ | ^\s*\^+\s*$ | \.{3}\ \d+\ more
      | (?:Caused\ by|During\ handling|The\ above\ exception)\b
      | \[?\d{4}[-/]\d\d[-/]\d\d[T\ ]\d\d:\d\d                     # a log with the time
      | \[?(?:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|TRACE)\]?[\s:|]
      | [$>#%]\s?\w+[\w./-]*\s                                     # a shell
      | (?:import|from)\s+[\w.]+(?:\s+import\b|;?\s*$) | (?:def|class|const|let|var|return|async|await)\s
      | [\w.\[\]"']+\s*=\s*[^=\s]\S*(?:\s\S+){0,2}$               # an assignment
      | [\w.]+\([^)]*\)[;,]?\s*$                                  # a call
      | [{}\[\]();,]+\s*$ | \{.*\}\s*,?$ | ["'][\w.-]+["']\s*:                    # JSON
      | (?:-\s+)?[A-Za-z][\w.-]{1,30}\s*:\s*                      # a setting: "region: eu-west-1"
        (?:\S{1,40}|\S+\s\S{1,20})\s*,?\s*$
      | (?:-\s+)?(?:OS|Python|Node|Java|Version|Region|Browser|SDK|Platform|Package)\b[^?]{0,160}$
      | <\/?[\w-]+(?:\s[^>]*)?>\s*$                                # a tag
    )
    """,
    re.VERBOSE,
)
_PHRASES = (
    # Tags of tickets, and the routine of reports.
    re.compile(
        r"^\s*(?:\[[^\]\n]{2,30}\]\s*)+|^\s*(?:bug|feature request|question|issue|help)\s*:\s*", re.IGNORECASE
    ),
    re.compile(
        r"(?:steps? to reproduce|to reproduce|how to reproduce)\s*:.*?(?=(?:expected|actual)\b|\n\n|\Z)"
        r"|(?:expected|actual) (?:behaviou?r|result)s?\s*:\s*"
        r"(?:it (?:just )?works?|no error|works? fine)?[.!]?",
        re.IGNORECASE | re.DOTALL,
    ),
    # Greetings and thanks.
    re.compile(
        r"""
        ^\s* (?:hi|hello|hey|dear|good\ (?:morning|afternoon|evening|day)|greetings)
          (?:\s+(?:there|all|everyone|everybody|team|folks|guys|community|experts?))* \s* [,!.:\-–—]* \s+
        | (?:^|(?<=[.!?\n])\s*|(?<=\s)) (?:first\ of\ all|many|big)?,?\ ? thank(?:s|\ you)\b [^.!?\n]* [.!?]*
        | (?:any|your|some)\ (?:help|hint|idea|advice|pointer|suggestion)s? [^.!?\n]{0,40}
          \b(?:appreciated|welcome|great|helpful|wonderful)\b [^.!?\n]* [.!?]*
        | (?:i'm|i\ am|we're|we\ are)\ (?:quite\ |very\ |rather\ |pretty\ )?
          (?:new|a\ (?:newbie|beginner))\b [^.!?\n]* [.!?]*
        | (?:sorry|apologies|forgive\ me)\ (?:if|for|in\ advance)\b [^.!?\n]* [.!?]*
        | (?:(?:i|we)\ )?(?:really\ |truly\ )?(?:love|appreciate|enjoy)\ (?:this|the|your)\ (?:)
          (?:great\ |awesome\ )?(?:project|work|library|tool|product)\b [^.!?\n]* [.!?]*
        | (?:have\ a\ (?:nice|great|good)\ (?:day|week|weekend|one)|(?:best|kind|warm)\ regards|cheers
          |best\ wishes|looking\ forward\ to|keep\ up\ the)\b [^.!?\n]* [.!?]*
        | (?:please\ )?let\ me\ know\ if\ (?:you\ need|more|there)[^.!?\n]* [.!?]*
        | (?:お疲れ様です|こんにちは|はじめまして|初めまして|初心者です(?:が)?)[。、！!]*
        | (?:いつも)?(?:大変)?お世話になって(?:おり|い)ます[。、！!]*
        | (?:よろしく|宜しく)お願い(?:いた|致)?します[。！!]* | (?:ありがとうございます|助かります)[。！!]*
        """,
        re.IGNORECASE | re.VERBOSE | re.MULTILINE,
    ),
)
# A sentence of versions: "We are on Ubuntu 22.04, Python 3.11.6, boto3 1.35.12".
_VERSIONS = re.compile(
    r"""
    \b (?: (?:we|i)(?:'m|'re|\ am|\ are)?\ (?:on|using|running|use|run) | using | running
         | tested\ (?:on|with) | env(?:ironment)?: ) \s
    (?: [^.?!\n] | \.(?=\d) )*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_VERSION = re.compile(r"\d+\.\d+|\bv\d+\b|\b[a-z]{2}-[a-z]+-\d\b")
_ASKS = re.compile(
    r"""
    [?？] | か | たい | ない | 困 | べき
    | \b (?:how|what|why|which|where|when|should|want|need|must|can't|cannot|fails?|slow|expensive|wrong|too
         |without|no\ way) \b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def question_in(typed: str) -> str:
    """The question in a typed or pasted text, on one line; the whole text if it is nothing but a question."""
    whole = squeeze(typed)
    lines = "\n".join(_own_lines(_COMMENT.sub(" ", _FRONT.sub("", typed))))
    for phrase in _PHRASES:
        lines = phrase.sub(" ", lines)
    kept = re.sub(r"\s+([.,;])", "", squeeze(_VERSIONS.sub(_without_versions, lines))).strip(" ,;-–—")
    if not any(character.isalnum() for character in kept):
        kept = whole
    elif len(kept) <= SHORT and kept != whole and (error := _ERROR.search(typed)) and error[0] not in kept:
        kept = f"{kept} {squeeze(error[0])}"
    return kept if len(kept) <= LONGEST else _telling_sentences(kept)


def _own_lines(text: str) -> Iterator[str]:
    """The lines in people's own words."""
    fenced = aside = False
    single = text.strip().count("\n") == 0
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif fenced:
            continue
        elif not single and (heading := _HEADING.match(line)):
            title = heading["marked"] or heading["bold"] or heading["plain"]
            aside = _SIDE_SECTION.search(title) is not None
        elif not aside and (single or not _SIDE_LINE.match(line)):
            yield re.sub(r"^\s*(?:>\s*)+", "", line)


def _without_versions(match: re.Match[str]) -> str:
    """Nothing for a run of two or more versions, else the text itself."""
    return " " if len(_VERSION.findall(match[0])) > 1 else match[0]


def _telling_sentences(text: str) -> str:
    """The sentences that ask or complain, in order, until the question is full; the first one always."""
    cut = [text[start:end] for start, end in sentences(text)]
    order = sorted(range(len(cut)), key=lambda at: (at > 0, not _ASKS.search(cut[at]), at))
    room, kept = LONGEST, set[int]()
    for at in order:
        if len(cut[at]) <= room:
            kept.add(at)
            room -= len(cut[at])
    joint = "" if is_japanese(text) else " "
    return joint.join(cut[at] for at in sorted(kept)) or text[:LONGEST]
