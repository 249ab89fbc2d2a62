"""A conversation as Markdown, to take along: questions, answers, and references with their addresses."""

from collections.abc import Sequence

from assistant.conversation.follow_ups import Turn
from assistant.render.escape import escape
from assistant.render.text import answer_markdown
from kb.entries import Language
from kb.text import squeeze

WORDS = {
    Language.ENGLISH: {
        "title": "Conversation with genlens",
        "understood": "Understood as:",
        "references": "References",
        "build": "Build",
        "licence": "The AWS Well-Architected Generative AI Lens is © Amazon Web Services; "
        "the OWASP Top 10 for LLM Applications is under CC BY-SA 4.0.",
    },
    Language.JAPANESE: {
        "title": "genlens との会話",
        "understood": "質問の解釈:",
        "references": "参考資料",
        "build": "ビルド",
        "licence": "AWS Well-Architected 生成 AI レンズ © Amazon Web Services。"
        "OWASP Top 10 for LLM Applications は CC BY-SA 4.0。",
    },
}


def transcript(turns: Sequence[Turn], language: Language) -> str:
    """The conversation as Markdown; its references are the cited entries of all answers, each once."""
    words = WORDS[language]
    blocks = [f"# {words['title']}"]
    for turn in turns:
        blocks.append(f"## {escape(squeeze(turn.asked))}")
        if turn.rewritten:
            blocks.append(f"*{words['understood']} {escape(turn.question)}*")
        blocks.append(answer_markdown(turn.answer))
    cited = {citation.id: citation for turn in turns for citation in turn.answer.citations}
    if cited:
        lines = [f"- {escape(c.id)}: {escape(c.title)}, <{c.url}>" for c in cited.values()]
        blocks.append("\n".join([f"## {words['references']}", "", *lines]))
    builds = ", ".join(dict.fromkeys(turn.answer.build for turn in turns))
    blocks.append(f"{words['build']}: {escape(builds)}. {words['licence']}")
    return "\n\n".join(blocks) + "\n"
