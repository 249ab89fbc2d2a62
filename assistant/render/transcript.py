"""A conversation as Markdown: questions, answers, and references with their addresses."""

from collections.abc import Sequence

from assistant.conversation.turns import Turn
from assistant.render.escape import escape
from assistant.render.labels import words_of
from assistant.render.markdown import answer_markdown
from kb.entries import Language
from kb.text import squeeze


def transcript(turns: Sequence[Turn], language: Language) -> str:
    """The conversation as Markdown; the references are the cited entries of all answers, each once."""
    words = words_of("transcript", language)
    blocks = [f"# {words['title']}"]
    for turn in turns:
        blocks.append(f"## {escape(squeeze(turn.asked))}")
        if turn.rewritten:
            blocks.append(f"*{words['understood']} {escape(turn.question)}*")
        blocks.append(answer_markdown(turn.answer))
    cited = {passage.entry.id: passage for turn in turns for passage in turn.answer.citations}
    if cited:
        lines = [f"- {escape(p.entry.id)}: {escape(p.entry.title)}, <{p.url}>" for p in cited.values()]
        blocks.append("\n".join([f"## {words['references']}", "", *lines]))
    builds = ", ".join(dict.fromkeys(turn.answer.build for turn in turns))
    blocks.append(f"{words['build']}: {escape(builds)}. {words['licence']}")
    return "\n\n".join(blocks) + "\n"
