"""Training of the adapter, the ranker and the coverage model.

`make train` runs it and writes `data/encoder/` and `data/ranker.json`. The training data is the catalogue:
its asks and statements are questions with a known entry, `scope.yaml` has questions without one. They are
split into folds; the questions of a fold are asked of an index and an encoder that have not seen them.
Labelled questions that measure the ranking are never trained on.

    lessons.py   the catalogue as questions, passages and folds
    adapter.py   lessons to the adapter of the encoder
    examples.py  held-out questions to features
    ranker.py    features to weights
"""
