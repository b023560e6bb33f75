"""What a step sees: where labels are few, some of them each time; and codes to be on any way."""

import pytest
import torch
import torch.nn.functional as F
from test_training import MODEL, config, digits
from torch import Tensor

from unit_core.batches import Batch, Draws, Material
from unit_core.domains import UNKNOWN


def drawn(labelled: int, steps: int = 20) -> list[Batch]:
    """The batches of 200 digits, of which the first so many have a label, and are trusted."""
    own = digits(0, 200)
    labels = torch.where(torch.arange(200) < labelled, own.labels, UNKNOWN)
    material = Material.of(own, labels, torch.device("cpu"))
    draws = Draws(material, MODEL, config(batch=16), "alpha")

    def believe(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return F.one_hot(labels.clamp(min=0), 10).float(), (labels != UNKNOWN).float()

    batches = []
    for step in range(steps):
        draws.turn_to(step)
        batches.append(draws.draw(believe, slice(None)))
    return batches


def test_a_quarter_of_a_batch_is_labelled_where_few_digits_are() -> None:
    batches = drawn(labelled=5)
    assert min(batch.trust.sum() for batch in batches) >= 16 // 4
    seen = torch.cat([batch.targets[batch.trust == 1] for batch in batches])
    assert seen.argmax(1).unique().tolist() == [0, 1, 2, 3, 4]  # every one of them in its turn


@pytest.mark.parametrize("labelled", [0, 60, 200])
def test_labels_come_as_they_fall_where_there_are_enough_or_none(labelled: int) -> None:
    batches = drawn(labelled, steps=25)  # two epochs
    assert sum(batch.trust.sum() for batch in batches) == 2 * labelled


def test_codes_that_nobody_wrote_lie_anywhere_on_the_way_and_half_are_of_the_prior() -> None:
    batches = drawn(labelled=200)
    shares, hands, prior = (
        torch.cat([getattr(batch, name) for batch in batches])
        for name in ("shares", "hands", "drawn")
    )
    assert shares.shape == (20 * 16 // 2, 2) and hands.shape == (20 * 16 // 2, 12 - 10)
    for share in shares.T:  # of the digit, of the hand
        assert torch.histc(share, 4, 0, 1).min() > 20  # of 40 in each quarter
    assert hands.mean().abs() < 0.2 and 0.8 < hands.std() < 1.2
    assert 0.35 < prior.float().mean() < 0.65
