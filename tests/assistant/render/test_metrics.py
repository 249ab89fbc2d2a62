from assistant.render.metrics import metrics_text
from kb.evaluation import Metrics


def test_metrics_are_a_table() -> None:
    table = metrics_text({"all": Metrics(3, 1 / 3, 0.5, 0.25, 0.75, 0.0)}).splitlines()
    assert table[0].split() == ["group", "n", "hit@1", "recall@5", "MRR@10", "nDCG@10", "abstained"]
    assert table[1].split() == ["all", "3", "0.333", "0.500", "0.250", "0.750", "0.000"]
