"""On a GPU, a step that is replayed is the step that would have been taken."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric
from test_training import MODEL, config, digits, make

from unit_core import training
from unit_core.batches import Material
from unit_core.domains import UNKNOWN
from unit_core.replay import AT_FIRST, Replay
from unit_core.training import Trainer

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@pytest.mark.parametrize("labelled", [1.0, 0.1])
def test_what_is_replayed_never_changes(labelled: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what a step decides, nor where its tensors lie: a recorded one knows those of then.

    As far as a CPU can tell, with three scripts, so that targets take turns.
    """
    model = replace(MODEL, domains=("alpha", "beta", "gamma"))
    trainer = make(config(steps=40, reading=0.3), labelled, model)

    class Recorded:
        def __init__(self, generators: Sequence[torch.Generator]) -> None:
            assert list(generators) == [draws.random for draws in trainer.draws.values()]
            self.calls, self.then = 0, None

        def __call__(self, body: Callable[[], dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
            result = body()
            self.calls += 1
            optimizers = trainer.generator_optimizer, trainer.critic_optimizer
            places = [
                *(p for part, p in trainer.state().items() if part not in COUNTED),
                *(group["lr"] for each in optimizers for group in each.param_groups),
                *(draws.indices for draws in trainer.draws.values()),
                *(each.material.labels for each in trainer.draws.values()),
                trainer.newness,
            ]
            targets = [trainer._target(name) for name in model.domains]
            drawing = trainer.adversarial or trainer.reading
            now = (
                (trainer.adversarial, trainer.reading, targets if drawing else None),
                [place.data_ptr() for place in places],
                list(result),
            )
            if self.calls > 1:  # in the first the optimizers may make their moments
                assert self.then in (None, now)
                self.then = now
            seen.append(self)
            return result

    seen: list[Recorded] = []
    monkeypatch.setattr(training, "Replay", Recorded)
    monkeypatch.setattr(Trainer, "_records", True)
    while trainer.progress < 1:
        trainer.step()
    assert len(seen) == 40 and len(set(map(id, seen))) == 5  # warm-up, game and reading, by turns
    assert all(each.calls > 2 for each in seen)


COUNTED = ("steps_done", "steps_read", "widened", "seconds", "seconds_before")


@needs_gpu
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


@needs_gpu
@pytest.mark.parametrize("labelled", [1.0, 0.1])
def test_a_run_learns_the_same(labelled: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def weights(trainer: Trainer) -> list[torch.Tensor]:
        return [p.detach().clone() for p in trainer.generator.parameters()]

    def learn() -> tuple[dict[str, float], list[torch.Tensor], Trainer]:
        material = {}
        for seed, name in enumerate(MODEL.domains):
            own = digits(seed)
            shown = torch.arange(len(own)) < (labelled if seed else 1.0) * len(own)
            labels = torch.where(shown, own.labels, UNKNOWN)
            material[name] = Material.of(own, labels, torch.device("cuda"))
        fabric = Fabric(accelerator="cuda", devices=1)
        trainer = Trainer(MODEL, config(steps=32, reading=0.25), material, fabric)
        begun = weights(trainer)
        while trainer.progress < 1:
            trainer.step()
        return trainer.means.take(trainer.steps_done), begun, trainer

    losses, begun, trainer = learn()
    assert all(replay._graph for replay in trainer._recorded.values())
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
