"""Training of what is learned: the adapter of the encoder, the ranker, and the sense of what is covered.

`make train` runs it and writes `data/encoder/` and `data/ranker.json`. Everything is learned from the
catalogue: its asks and statements are questions whose entry is known, and `scope.yaml` holds questions
that have none. They are parted into folds, and what is asked of a fold is asked of an index, and of an
encoder, that have not seen it. The labelled questions that measure the ranking are never trained on.

    lessons.py   the catalogue as questions, pages and folds
    adapter.py   lessons to the adapter of the encoder
    examples.py  lessons to features: what an index says of questions that it does not hold
    ranker.py    features to weights
"""
