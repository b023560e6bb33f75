"""A checkpoint as ONNX, for whatever runs it: onnxruntime, a browser, another language.

Each script becomes two graphs: `<script>.encoder.onnx` from pictures to posterior means, and
`<script>.decoder.onnx` from codes to pictures; `model.json` tells the rest.
"""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unit_core.checkpoint import write_json
from unit_core.domains import SIDE
from unit_core.networks import picture
from unit_core.translator import Translator

TOLERANCE = 1e-4
MANIFEST = "model.json"


class ExportError(ValueError):
    """What was exported cannot be made or does not say what the model says."""


@dataclass(frozen=True)
class Exported:
    """The files of an export and the largest difference to torch that was seen in each."""

    folder: Path
    differences: dict[str, float]


class _Graph(nn.Module):
    """What becomes one file: from the input "input" to `outputs`."""

    outputs: tuple[str, ...] = ("output",)


class _Encoder(_Graph):
    """(N, 1, 28, 28) in [0, 1] -> posterior means (N, latent_dim), deviations too with `spread`."""

    def __init__(self, translator: Translator, name: str, spread: bool) -> None:
        super().__init__()
        self.generator, self.domain = translator.networks.generator, name
        if spread:
            self.outputs = ("output", "spread")

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        posterior = self.generator.encode(images, self.domain)
        return (posterior.mean, posterior.std) if len(self.outputs) > 1 else posterior.mean


class _Decoder(_Graph):
    """Codes (N, latent_dim) -> pictures (N, 1, 28, 28) in [0, 1]."""

    def __init__(self, translator: Translator, name: str) -> None:
        super().__init__()
        self.generator, self.domain = translator.networks.generator, name

    def forward(self, codes: Tensor) -> Tensor:
        return picture(self.generator.decode(codes, self.domain))


def export(translator: Translator, folder: Path, *, spread: bool = False) -> Exported:
    """Write the graphs and check each against torch, at batches of 1 and 7.

    With `spread` the encoders have a second output of that name, the posterior's deviations.
    ExportError if a package is missing or a result is off by more than TOLERANCE.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ExportError(
            f"no {error.name} here: pip install onnx onnxscript onnxruntime"
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    random = torch.Generator().manual_seed(0)
    differences = {}
    for name in translator.domains:
        for part, module, shape in (
            ("encoder", _Encoder(translator, name, spread), (1, SIDE, SIDE)),
            ("decoder", _Decoder(translator, name), (translator.config.latent_dim,)),
        ):
            path = folder / f"{name}.{part}.onnx"
            _write(module.eval(), torch.rand(2, *shape, generator=random), path)
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            differences[path.name] = max(
                _difference(module, session, torch.rand(n, *shape, generator=random))
                for n in (1, 7)
            )
            if not differences[path.name] <= TOLERANCE:
                raise ExportError(
                    f"{path} is off by {differences[path.name]:.2g} from torch, "
                    f"more than {TOLERANCE:g}"
                )
    write_json(folder / MANIFEST, manifest(translator))
    return Exported(folder, differences)


def manifest(translator: Translator) -> dict[str, Any]:
    """What a program needs to know besides the graphs."""
    return {
        "latent_dim": translator.config.latent_dim,
        "separation": translator.config.separation,
        "scripts": [
            {
                "name": script.name,
                "title": script.title,
                "glyphs": list(script.glyphs),
                "stretch": script.stretch,
                "encoder": f"{script.name}.encoder.onnx",
                "decoder": f"{script.name}.decoder.onnx",
            }
            for script in translator.scripts.values()
        ],
        "provenance": translator.provenance.to_json(),
    }


def _write(module: _Graph, example: Tensor, path: Path) -> None:
    batch = torch.export.Dim("batch", min=1)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # and what it does not need
        program = torch.onnx.export(
            module.cpu(),
            (example,),
            input_names=["input"],
            output_names=list(module.outputs),
            dynamic_shapes=({0: batch},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    program.save(path, include_initializers=True, external_data=False)
    _halve(path)


def _halve(path: Path) -> None:
    """Keep the weights as the half floats that they are in a checkpoint.

    The same numbers in half the bytes, cast back as the graph is loaded. What is no half float
    stays as it is.
    """
    import onnx
    from onnx import helper, numpy_helper

    graph = (model := onnx.load(path)).graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16) if values.dtype == np.float32 else values
        if half is values or values.size < 64 or not np.array_equal(half, values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _difference(module: _Graph, session: Any, example: Tensor) -> float:
    with torch.no_grad():
        expected = module(example)
    if isinstance(expected, Tensor):
        expected = (expected,)
    found = session.run(module.outputs, {"input": example.numpy()})
    pairs = zip(found, expected, strict=True)
    return max(float(np.abs(a - b.numpy()).max()) for a, b in pairs)
