"""On a GPU, a step that is replayed is the step that would have been taken."""

import pytest
import torch
from lightning_fabric import Fabric
from test_training import MODEL, config, digits

from unit_core.batches import Material
from unit_core.replay import AT_FIRST, Replay
from unit_core.training import Trainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def test_each_call_draws_anew_by_its_seed() -> None:
    device = torch.device("cuda")
    random = torch.Generator(device)
    walked, place = torch.zeros(4, device=device), torch.zeros(4, device=device)

    def step(place: torch.Tensor) -> dict[str, torch.Tensor]:
        place.add_(torch.randn(4, generator=random, device=device))
        return {"sum": place.sum()}

    replay = Replay([random])
    for seed in range(AT_FIRST + 4):
        random.manual_seed(seed)
        found = replay(lambda: step(walked))["sum"].item()
        random.manual_seed(seed)
        assert found == step(place)["sum"].item()
    assert torch.equal(walked, place)


@pytest.mark.parametrize("labelled", [1.0, 0.1])
def test_a_run_learns_the_same(labelled: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def weights(trainer: Trainer) -> list[torch.Tensor]:
        return [p.detach().clone() for p in trainer.generator.parameters()]

    def learn() -> tuple[dict[str, float], list[torch.Tensor], Trainer]:
        material = {}
        for seed, name in enumerate(MODEL.domains):
            own = digits(seed)
            mask = torch.arange(len(own)) < (labelled if seed else 1.0) * len(own)
            material[name] = Material.of(own, mask, torch.device("cuda"))
        fabric = Fabric(accelerator="cuda", devices=1)
        trainer = Trainer(MODEL, config(steps=32, reading=0.25), material, fabric)
        begun = weights(trainer)
        while trainer.progress < 1:
            trainer.step()
        return trainer.take_means(), begun, trainer

    losses, begun, trainer = learn()
    assert all(replay._graph for replay in trainer._replays.values())
    monkeypatch.setattr(Trainer, "_replay", Trainer._advance)
    told, _, other = learn()
    assert losses.keys() == told.keys()
    assert losses == pytest.approx(told, rel=0.05, abs=0.02)
    # A GPU adds in any order, and Adam makes much of small differences: by and large they agree.
    apart, gone = (
        torch.cat([(p - q).flatten() for p, q in zip(one, another, strict=True)]).norm()
        for one, another in [(weights(trainer), weights(other)), (weights(trainer), begun)]
    )
    assert apart < 0.2 * gone
