from assistant.answers.records import Answer
from assistant.render.json import answer_json
from assistant.render.metrics import answers_json, metrics_text
from kb.entries import Language
from kb.evaluation import Metrics


def test_metrics_are_a_table() -> None:
    table = metrics_text({"all": Metrics(3, 1 / 3, 0.5, 0.25, 0.75, 0.0)}).splitlines()
    assert table[0].split() == ["group", "n", "hit@1", "recall@5", "MRR@10", "nDCG@10", "abstained"]
    assert table[1].split() == ["all", "3", "0.333", "0.500", "0.250", "0.750", "0.000"]


def test_answers_are_the_last_one_and_those_before() -> None:
    first, last = (Answer(q, Language.ENGLISH, False, 0.1, (), (), (), "b1") for q in ("A?", "B?"))
    record = answers_json([first, last])
    assert record.keys() == {"answer", "before"}
    assert record["answer"] == answer_json(last).dump()
    assert record["before"] == [answer_json(first).dump()]
    assert answers_json([last])["before"] == []
