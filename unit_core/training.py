"""Trainer: one engine for one CPU core, a GPU, or many of them on many machines.

A step goes forward once, then has two visible phases: the critics learn on what was made, then the
generator learns against the frozen critics. Towards the end only what reads digits learns, which
costs less: the encoders, and the discriminators' class heads; few labels are spread to all digits
first. Everything random in a step follows from (seed, step) alone and is drawn for the whole batch
before each process takes its share (`batches`); so a resumed run, and a run on two processes, walk
the same path as an uninterrupted one on one: to the bit on a CPU, but a GPU adds in any order.
"""

import copy
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import cast

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from unit_core import losses, style
from unit_core.batches import Batch, Draws, Material
from unit_core.domains import CLASSES, UNKNOWN
from unit_core.game import Game, Recalled, Term
from unit_core.means import Means
from unit_core.networks import Critics, ModelConfig, as_batch, class_means, picture
from unit_core.recipe import TrainConfig, learning_rate_factor
from unit_core.replay import Replay
from unit_core.spreading import spread
from unit_core.translator import Translator

CHECK_EVERY = 20  # steps between looks at whether the losses are finite
# Decoders are trained on samples, in whose noise a hand is uncertain, and so draw it nearer to the
# common one; from a mean they draw it as it was if it lies a little further out
# (`benchmarks/realism.py`).
WIDER = 1.12


class Trainer:
    """The state of a run; `step()` advances it, `state()` and `restore()` save and resume it."""

    def __init__(
        self,
        model: ModelConfig,
        config: TrainConfig,
        material: Mapping[str, Material],
        fabric: Fabric,
    ) -> None:
        config.check_shares(fabric.world_size)
        torch.manual_seed(config.seed)
        self.model, self.config, self.fabric = model, config, fabric
        self.draws: dict[str, Draws] = {}  # of each script
        self._recorded: dict[tuple[bool, bool, int], Replay] = {}  # adversarial, reading, turn
        for name in model.domains:
            self.learn_from(name, material[name])
        self.spread: dict[str, Tensor] = {}  # labels (N,) of all digits, once the reading begins
        self.average = Translator(model, device=str(fabric.device))  # EMA weights, the teacher
        self.generator = copy.deepcopy(self.average.networks.generator)
        self.critics = Critics(model).to(fabric.device)
        self.average.networks.discriminators.load_state_dict(
            self.critics.discriminators.state_dict()
        )
        self.settled = copy.deepcopy(self.average.networks)  # as it was when the game ended
        for module in (self.generator, self.critics):
            module.requires_grad_(True).train().to(memory_format=torch.channels_last)
        self.scales = {name: style.StyleScale().to(fabric.device) for name in model.domains}
        self.marginals = {
            name: torch.full((CLASSES,), 1 / CLASSES, device=fabric.device)
            for name in model.domains
        }
        self.game = Game(
            self.generator,
            self.critics,
            config.weights,
            class_means(model).to(fabric.device),
            self.scales,
            self._gather,
        )
        # What a step is told by the schedule lies where a GPU that replays it finds it.
        self.newness = torch.zeros((), device=fabric.device)  # its share in the averaged weights
        self.generator_optimizer, self.critic_optimizer = (
            torch.optim.AdamW(
                module.parameters(),
                lr=torch.zeros((), device=fabric.device),
                betas=betas,
                weight_decay=1e-4,
                fused=True,
                capturable=self._records,
            )
            for module, betas in ((self.generator, (0.9, 0.99)), (self.critics, (0.5, 0.99)))
        )
        self.steps_done = 0
        self.steps_read = 0  # of these, of reading alone
        self.widened = 1.0  # how much further out hands lie than they were learnt
        self.seconds = 0.0  # from a sitting's first step to its last, over all sittings
        self.seconds_before = 0.0  # of these, before the first: a search for groups
        self.means = Means(fabric.device)  # of the losses
        self._clock: float | None = None

    # -- progress ---------------------------------------------------------------------------

    @property
    def progress(self) -> float:
        """The share of the run that is done, in [0, 1]; it drives the schedule."""
        if self.config.steps is not None:
            return min(1.0, self.steps_done / self.config.steps)
        assert self.config.max_minutes is not None
        before = self.seconds_before
        return min(1.0, (self.seconds - before) / max(60 * self.config.max_minutes - before, 1.0))

    @property
    def material(self) -> Mapping[str, Material]:
        """What each script is learnt from."""
        return MappingProxyType({name: draws.material for name, draws in self.draws.items()})

    @property
    def _records(self) -> bool:
        """Whether steps are recorded: on one CUDA GPU; what processes tell each other cannot be."""
        return self.fabric.device.type == "cuda" and self.fabric.world_size == 1

    @property
    def adversarial(self) -> bool:
        """Whether the scripts meet yet."""
        return self.progress >= self.config.warmup

    @property
    def reading(self) -> bool:
        """Whether only what reads learns by now."""
        return self.progress >= 1 - self.config.reading and self.config.reading > 0

    @property
    def _turn(self) -> int:
        """Which of the other scripts each is translated to in this step."""
        return self.steps_done % (len(self.model.domains) - 1)

    # -- one step ---------------------------------------------------------------------------

    def step(self) -> None:
        """Forward, critics' phase, generator's phase, average; or reading alone."""
        self._clock = self._clock or time.perf_counter()
        if self.reading and not self.steps_read:
            self._begin_reading()
        self._schedule()
        self.means.add(self._replay() if self._records else self._advance())
        self.steps_read += self.reading
        self.steps_done += 1
        if self.steps_done % CHECK_EVERY == 0:
            self.means.check(self.steps_done)
        now = time.perf_counter()  # what happens between steps counts: --max-minutes is a promise
        took, self._clock = now - self._clock, now
        if self.config.max_minutes is not None and self.fabric.world_size > 1:
            took = self.fabric.broadcast(took)  # all must see the same progress
        self.seconds += took

    def _schedule(self) -> None:
        """What differs from step to step: rates, how fast to average, and what is drawn."""
        config = self.config
        if self.reading:
            factor = learning_rate_factor((self.progress - 1 + config.reading) / config.reading)
            rate, critic_rate = config.reading_rate, config.critic_reading_rate
        else:
            factor = learning_rate_factor(self.progress / max(1 - config.reading, 1e-9))
            rate, critic_rate = config.learning_rate, config.learning_rate * config.critic_pace
        _set_rate(self.generator_optimizer, rate * factor)
        _set_rate(self.critic_optimizer, critic_rate * factor)
        # Short memory at first, so that the teacher is of use soon.
        self.newness.fill_(1 - min(config.ema, (1 + self.steps_done) / (10 + self.steps_done)))
        for draws in self.draws.values():
            draws.turn_to(self.steps_done)

    def _advance(self) -> dict[str, Tensor]:
        """Update all weights once; the losses by name."""
        terms = self._read() if self.reading else self._play()
        self._follow()
        return {name: term.value.detach().float() for name, term in terms.items()}

    def _replay(self) -> dict[str, Tensor]:
        """`_advance`, recorded once for each kind of step and replayed."""
        kind = (self.adversarial, self.reading, self._turn if self.adversarial else 0)
        if kind not in self._recorded:
            self._recorded[kind] = Replay([draws.random for draws in self.draws.values()])
        return self._recorded[kind](self._advance)

    def learn_from(self, domain: str, material: Material) -> None:
        """From now on take a script's digits and labels from `material`."""
        self.draws[domain] = Draws(material, self.model, self.config, domain)
        self._recorded.clear()  # they are of other digits

    def _play(self) -> dict[str, Term]:
        """Critics and generator against each other; the losses of both."""
        with self.fabric.autocast():
            batches = {name: self.draw(name) for name in self.model.domains}
            targets = {name: self._target(name) if self.adversarial else None for name in batches}
            views = {n: self.game.forward(n, batch, targets[n]) for n, batch in batches.items()}

            self.critics.requires_grad_(True)
            critic_terms = self.game.critic_losses(batches, views)
        self._descend(self.critics, self.critic_optimizer, critic_terms)

        self.critics.requires_grad_(False)
        with self.fabric.autocast():
            generator_terms = self.game.generator_losses(batches, views)
        self._descend(self.generator, self.generator_optimizer, generator_terms)
        return {**critic_terms, **generator_terms}

    def _read(self) -> dict[str, Term]:
        """Encoders and class heads of the discriminators: all that reads a digit."""
        # Spectral normalisation is for the game: with its estimates at rest they learn faster.
        self.critics.requires_grad_(True).eval()
        with self.fabric.autocast():
            batches = {name: self.draw(name) for name in self.model.domains}
            recalled = self._recall(batches)
            generator_terms = self.game.reading_losses(batches, recalled)
            critic_terms = self.game.critic_reading_losses(batches, recalled)
        self._descend(self.critics, self.critic_optimizer, critic_terms)
        self._descend(self.generator, self.generator_optimizer, generator_terms)
        return {**critic_terms, **generator_terms}

    @torch.no_grad()
    def _recall(self, batches: Mapping[str, Batch]) -> dict[str, Recalled]:
        """What the settled networks make of the batches, and say of them."""
        generator = self.settled.generator
        codes = {name: generator.encode(batch.clean, name) for name, batch in batches.items()}
        recalled = {}
        for name, batch in batches.items():
            others = codes[self._target(name)].mean[: len(batch.images)]
            shown = torch.cat([batch.meant, picture(generator.decode(others, name))])
            realness = self.settled.discriminators[name](shown).realness
            recalled[name] = Recalled(codes[name], shown, realness)
        return recalled

    @torch.no_grad()
    def _begin_reading(self) -> None:
        """What draws settles as its average is now, hands a little wider than they were learnt.

        Where labels (or groups) are missing, a digit gets what its neighbours say.
        """
        self._recorded.clear()  # the game is over
        self._widen(WIDER)
        self.settled.load_state_dict(self.average.networks.state_dict())
        worth = self.config.spreads or self.fabric.device.type == "cuda"  # there it takes seconds
        for name, material in self.material.items():
            labels = material.labels
            if not worth or not 0 < len(material.labelled) < len(labels):
                continue
            if self.fabric.is_global_zero:
                features = [
                    self.settled.generator.features(as_batch(part), name)
                    for part in material.images.split(128)
                ]
                labels = spread(torch.cat(features), labels, material.guesses)
            labels = self.fabric.broadcast(labels.cpu()).to(material.labels.device)
            self.learn_from(name, replace(material, labels=labels))
            self.spread[name] = labels

    def _widen(self, width: float) -> None:
        """Hands lie `width` times as far out as they were learnt, whatever they did before."""
        for generator in (self.generator, self.average.networks.generator):
            generator.widen(width / self.widened)
        self.widened = width

    def draw(self, domain: str) -> Batch:
        """This process's share of the next batch of a script."""
        rank, world, whole = self.fabric.global_rank, self.fabric.world_size, self.config.batch
        share = slice(rank * whole // world, (rank + 1) * whole // world)
        return self.draws[domain].draw(partial(self.believe, domain=domain), share)

    @torch.no_grad()
    def believe(self, images: Tensor, labels: Tensor, domain: str) -> tuple[Tensor, Tensor]:
        """Class distributions (B, 10) and trust in them (B,): labels, else the teacher's belief."""
        known = labels != UNKNOWN
        targets = F.one_hot(labels.clamp(min=0), CLASSES).float()
        material = self.draws[domain].material
        if len(material.labelled) == len(material.labels):
            return targets, torch.ones_like(targets[:, 0])
        teacher = self.average.networks.generator
        belief = teacher.class_logits(teacher.encode(images, domain).mean).float().softmax(1)
        marginal = self.marginals[domain]
        marginal.lerp_(self._gather(belief).mean(0), 0.01)
        belief = losses.align(belief, marginal)
        trust = torch.where(known, 1.0, (belief.amax(1) >= self.config.confident).float())
        return torch.where(known[:, None], targets, belief), trust

    def _target(self, domain: str) -> str:
        """The script to translate to in this step: each other one in turn, no two to the same."""
        names = self.model.domains
        return names[(names.index(domain) + 1 + self._turn) % len(names)]

    def _descend(
        self, module: nn.Module, optimizer: torch.optim.Optimizer, terms: Mapping[str, Term]
    ) -> None:
        optimizer.zero_grad(set_to_none=True)
        torch.stack([term.weighted.float() for term in terms.values()]).sum().backward()
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        if self.fabric.world_size > 1:
            flat = torch.cat([gradient.flatten() for gradient in gradients])
            flat = cast(Tensor, self.fabric.all_reduce(flat, reduce_op="mean"))
            sizes = [gradient.numel() for gradient in gradients]
            for gradient, mean in zip(gradients, flat.split(sizes), strict=True):
                gradient.copy_(mean.view_as(gradient))
        optimizer.step()

    def _gather(self, tensor: Tensor) -> Tensor:
        """The same rows from all processes: (N, ...) -> (world * N, ...); gradients find back."""
        if self.fabric.world_size == 1:
            return tensor
        rows = self.fabric.all_gather(tensor, sync_grads=tensor.requires_grad)
        return cast(Tensor, rows).flatten(0, 1)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the averaged weights."""
        average, own = self.average.networks, self.generator
        pairs: list[tuple[nn.Module, nn.Module]] = [
            (average.discriminators, self.critics.discriminators)
        ]
        if self.reading:  # what draws stays as it was
            pairs += [
                (average.generator.encoders, own.encoders),
                (average.generator.to_posterior, own.to_posterior),
            ]
        else:
            pairs.append((average.generator, own))
        for slow, fast in pairs:
            slow_parameters = [p.data for p in slow.parameters()]
            fast_parameters = [p.data for p in fast.parameters()]
            # No `lerp`: it takes a number, and a replay only tensors.
            steps = torch._foreach_sub(fast_parameters, slow_parameters)
            torch._foreach_mul_(steps, self.newness)
            torch._foreach_add_(slow_parameters, steps)
            for buffer, newest in zip(slow.buffers(), fast.buffers(), strict=True):
                buffer.copy_(newest)

    def agreed(self, stop: bool) -> bool:
        """Whether any process wants to stop, so that all do after the same step."""
        if self.fabric.world_size == 1:
            return stop
        flag = torch.tensor(float(stop), device=self.fabric.device)
        return bool(cast(Tensor, self.fabric.all_reduce(flag, reduce_op="sum")) > 0)

    # -- saving -----------------------------------------------------------------------------

    def _parts(self) -> Iterator[tuple[str, nn.Module]]:
        yield "generator", self.generator
        yield "critics", self.critics
        yield "average", self.average.networks
        yield "teacher", self.settled  # as older states call it
        yield from ((f"scales.{name}", scale) for name, scale in self.scales.items())

    def _optimizers(self) -> Iterator[tuple[str, torch.optim.Optimizer, nn.Module]]:
        yield "generator_optimizer", self.generator_optimizer, self.generator
        yield "critic_optimizer", self.critic_optimizer, self.critics

    def state(self) -> dict[str, Tensor]:
        """Everything a resumed run needs, as flat named tensors."""
        tensors = {
            f"{part}.{name}": tensor
            for part, module in self._parts()
            for name, tensor in module.state_dict().items()
        }
        for part, optimizer, _ in self._optimizers():
            for index, values in optimizer.state_dict()["state"].items():
                tensors |= {f"{part}.{index}.{key}": value for key, value in values.items()}
        tensors |= {f"marginal.{name}": value for name, value in self.marginals.items()}
        tensors |= {f"labels.{name}": labels for name, labels in self.spread.items()}
        tensors["steps_done"] = torch.tensor(self.steps_done)
        tensors["steps_read"] = torch.tensor(self.steps_read)
        tensors["widened"] = torch.tensor(self.widened, dtype=torch.float64)
        tensors["seconds"] = torch.tensor(self.seconds, dtype=torch.float64)
        tensors["seconds_before"] = torch.tensor(self.seconds_before, dtype=torch.float64)
        return tensors

    def take(self, begun: Translator) -> None:
        """Begin with what a finished model of the same configuration knows."""
        for own in (self.average.networks, self.settled):
            own.load_state_dict(begun.networks.state_dict())
        self.generator.load_state_dict(begun.networks.generator.state_dict())
        self.critics.discriminators.load_state_dict(begun.networks.discriminators.state_dict())
        self.widened = begun.provenance.widened

    def begin_anew(self) -> None:
        """From the first step of a schedule of its own; where that is not reading alone, what a
        reading changed is undone: it fits the game no more."""
        if self.config.reading < 1:
            if self.steps_read:
                before = self.settled.discriminators.state_dict()
                self.critics.discriminators.load_state_dict(before)
            self._widen(1.0)
        self.steps_done, self.steps_read = 0, 0
        self.seconds = self.seconds_before = 0.0

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up a `state()`; KeyError if it lacks something."""
        self._recorded.clear()  # optimizers take a place of their own for what they read
        for part, module in self._parts():
            module.load_state_dict(
                {name: tensors[f"{part}.{name}"] for name in module.state_dict()}
            )
        for part, optimizer, module in self._optimizers():
            state: dict[int, dict[str, Tensor]] = {}
            for index, parameter in enumerate(module.parameters()):
                prefix = f"{part}.{index}."
                found = {
                    key.removeprefix(prefix): value.clone()
                    for key, value in tensors.items()
                    if key.startswith(prefix)
                }
                for key, value in found.items():
                    if value.shape == parameter.shape:
                        # Files know no strides, and fused Adam wants those of the parameter.
                        found[key] = torch.zeros_like(parameter).copy_(value)
                if found:
                    state[index] = found
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})
        for name, marginal in self.marginals.items():
            marginal.copy_(tensors[f"marginal.{name}"])
        self.steps_done = int(tensors["steps_done"])
        self.steps_read = int(tensors["steps_read"])
        self.widened = float(tensors.get("widened", torch.tensor(1.0)))  # older states know none
        self.seconds = float(tensors["seconds"])
        self.seconds_before = float(tensors["seconds_before"])
        for name, material in self.material.items():
            if f"labels.{name}" in tensors:
                self.spread[name] = tensors[f"labels.{name}"].to(material.labels.device)
                if self.spread[name].shape != material.labels.shape:
                    raise KeyError(f"the state is of other digits of {name}")
                self.learn_from(name, replace(material, labels=self.spread[name]))


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"].fill_(rate)
