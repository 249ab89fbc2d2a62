"""Lessons to the adapter of the encoder.

Contrastive learning with the other entries of a batch as negatives (van den Oord et al., "Representation
Learning with Contrastive Predictive Coding", 2018, https://arxiv.org/abs/1807.03748). Each step has one
question of every entry, so twin practices are always each other's negatives. The partner of a question is a
passage of its entry or another of its questions; out-of-scope examples have no partner.
"""

import hashlib
import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig, get_peft_model_state_dict, inject_adapter_in_model
from safetensors.torch import save
from sentence_transformers import SentenceTransformer

from kb.embedding.torch_encoder import TorchEncoder, load_model
from kb.embedding.weights import ADAPTER_FILE, Adapter, Weights, find_published_weights
from kb.files import sha256_of, write_atomic
from kb.settings import DEFAULT_MODEL
from kb.training.lessons import Corpus, Lessons, lessons_of


@dataclass(frozen=True, slots=True)
class Recipe:
    """The hyperparameters of the adapter.

    `scale` is alpha over rank, `out_of_scope` the number of examples per step, `read` the share of
    questions whose partner is a passage. Truncating texts to `asked_pieces` and `read_pieces` word pieces
    halves the time.
    """

    rank: int = 8
    scale: float = 2.0
    dropout: float = 0.05
    steps: int = 64
    warm_up: int = 10
    learning_rate: float = 5e-4
    weight_decay: float = 0.01
    temperature: float = 0.05
    out_of_scope: int = 16
    read: float = 0.5
    asked_pieces: int = 64
    read_pieces: int = 112
    seed: int = 7


RECIPE = Recipe()
# Adding only a part of the learned change keeps more of the model's own knowledge.
STRENGTH = 0.7
log = logging.getLogger(__name__)


def encoder_without(fold: int, corpora: Sequence[Corpus], kept: Path) -> TorchEncoder:
    """The default model with an adapter trained without a fold."""
    adapter = adapter_of([corpus.without(fold)[0] for corpus in corpora], kept)
    return TorchEncoder(replace(find_published_weights(DEFAULT_MODEL), adapter=adapter))


def adapter_of(corpora: Sequence[Corpus], kept: Path) -> Adapter:
    """The adapter trained on some corpora; a folder keeps adapters by the digest of their training data."""
    weights = find_published_weights(DEFAULT_MODEL)
    lessons = lessons_of(corpora, TorchEncoder(weights).count_pieces)
    digest = hashlib.sha256(repr((weights.sha256, RECIPE, lessons)).encode()).hexdigest()
    file = kept / digest[:16] / ADAPTER_FILE
    if not file.exists():
        log.info(
            "adapter: %d entries, %d questions, %d passages",
            len(lessons.asked),
            sum(map(len, lessons.asked.values())),
            sum(map(len, lessons.read.values())),
        )
        write_atomic(file, save(_train(weights, lessons)))
    return Adapter(file, sha256_of(file), RECIPE.scale * STRENGTH)


def _train(weights: Weights, lessons: Lessons) -> dict[str, torch.Tensor]:
    """The matrices by name, as in `kb.embedding.weights`; equal lessons give equal matrices."""
    torch.manual_seed(RECIPE.seed)
    chance = random.Random(RECIPE.seed)  # noqa: S311 - no secret is made
    model = load_model(weights)
    layers = _with_adapter(model)
    added = [p for p in layers.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(added, lr=RECIPE.learning_rate, weight_decay=RECIPE.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _pace)
    batches = _batches(lessons, chance)
    for step in range(RECIPE.steps):
        loss = _loss(model, *next(batches))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % 16 == 15:
            log.info("step %d of %d: loss %.3f", step + 1, RECIPE.steps, loss.item())
    return _matrices(layers)


def _with_adapter(model: SentenceTransformer) -> torch.nn.Module:
    config = LoraConfig(
        r=RECIPE.rank,
        lora_alpha=int(RECIPE.rank * RECIPE.scale),
        lora_dropout=RECIPE.dropout,
        target_modules=r"encoder\.layer\..*(query|key|value|dense)",
    )
    layers = inject_adapter_in_model(config, cast(torch.nn.Module, model[0].auto_model))
    return layers.train()


def _pace(step: int) -> float:
    return min(1.0, (step + 1) / RECIPE.warm_up) * max(0.02, 1 - step / RECIPE.steps)


def _batches(
    lessons: Lessons, chance: random.Random
) -> Iterator[tuple[list[str], list[str], list[str], list[bool]]]:
    """One question of every entry, out-of-scope examples, and a partner for each question.

    The last list is True for partners that are passages.
    """
    bags: dict[str, list[str]] = {entry_id: [] for entry_id in lessons.asked}
    while True:
        asked, partners, passages = [], [], []
        for entry_id, bag in bags.items():
            if not bag:  # every question once before any is repeated
                bag += chance.sample(lessons.asked[entry_id], len(lessons.asked[entry_id]))
            asked.append(bag.pop())
            passages.append(chance.random() < RECIPE.read)
            others = [text for text in lessons.asked[entry_id] if text != asked[-1]]
            partners.append(chance.choice(lessons.read[entry_id] if passages[-1] else others))
        count = min(RECIPE.out_of_scope, len(lessons.out_of_scope))
        out_of_scope = chance.sample(lessons.out_of_scope, count)
        yield asked, out_of_scope, partners, passages


def _loss(
    model: SentenceTransformer,
    asked: list[str],
    out_of_scope: list[str],
    partners: list[str],
    passages: list[bool],
) -> torch.Tensor:
    """Cross-entropy of finding the partner of each question, and the question of each partner."""
    short = [text for text, is_passage in zip(partners, passages, strict=True) if not is_passage]
    long = [text for text, is_passage in zip(partners, passages, strict=True) if is_passage]
    vectors = _encoded(model, [*asked, *out_of_scope, *short], RECIPE.asked_pieces)
    questions, others, rest = torch.split(vectors, [len(asked), len(out_of_scope), len(short)])
    shorts, longs = iter(rest), iter(_encoded(model, long, RECIPE.read_pieces))
    found = torch.stack([next(longs if is_passage else shorts) for is_passage in passages])
    own = torch.arange(len(asked))
    there = questions @ torch.cat([found, others]).T / RECIPE.temperature
    back = found @ torch.cat([questions, others]).T / RECIPE.temperature
    entropy = torch.nn.functional.cross_entropy
    return (entropy(there, own) + entropy(back, own)) / 2


def _encoded(model: SentenceTransformer, texts: Sequence[str], pieces: int) -> torch.Tensor:
    """(n_texts, dim) differentiable unit vectors."""
    if not texts:
        return torch.empty(0, model.get_embedding_dimension() or 0)
    encoded = model.tokenizer(
        list(texts), padding=True, truncation=True, max_length=pieces, return_tensors="pt"
    )
    return torch.nn.functional.normalize(model(dict(encoded))["sentence_embedding"], dim=1)


def _matrices(layers: torch.nn.Module) -> dict[str, torch.Tensor]:
    ends = {".lora_A.weight": ".A", ".lora_B.weight": ".B"}
    matrices = {}
    for name, values in sorted(get_peft_model_state_dict(layers).items()):
        end = next(end for end in ends if name.endswith(end))
        matrices[name.removesuffix(end) + ends[end]] = values.detach().half().contiguous()
    return matrices
