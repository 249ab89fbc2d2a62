from assistant.conversation.turns import Turn, reply
from assistant.render.transcript import transcript
from kb.entries import Language
from kb.knowledge_base import KnowledgeBase


def test_transcript_has_questions_answers_and_each_reference_once(base: KnowledgeBase) -> None:
    turns: list[Turn] = []
    for asked in ("prompt caching", "and for agents?", "<img src=x> [a](javascript:alert)"):
        turns.append(reply(base, asked, turns))
    text = transcript(turns, Language.ENGLISH)
    assert text.startswith("# Conversation with genlens\n\n## prompt caching\n")
    assert "*Understood as: prompt caching — and for agents?*" in text
    assert "\\<img src=x\\> \\[a\\](javascript:alert)" in text
    assert "<img" not in text.replace("\\<img", "")
    references = text.partition("## References\n\n")[2].partition("\n\n")[0].splitlines()
    cited = dict.fromkeys(passage.entry.id for turn in turns for passage in turn.answer.citations)
    assert [line.replace("\\", "").removeprefix("- ").partition(": ")[0] for line in references] == list(
        cited
    )
    assert base.build in text.replace("\\", "")


def test_transcript_is_in_the_given_language(base: KnowledgeBase) -> None:
    assert transcript([reply(base, "prompt caching")], Language.JAPANESE).startswith("# genlens との会話\n")
