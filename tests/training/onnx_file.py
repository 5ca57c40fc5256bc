"""The file in which an encoder goes with a pack. *IO*: writes it. Needs PyTorch and onnx."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from gateway.policy.encoder import KIND
from tests.training.transformer import Alone, Labeller

QUANTIZED = ["MatMul", "Gemm", "Gather"]  # whose weights become signed bytes


def write(labeller: Labeller, labels: Sequence[str], vocabulary: Mapping[str, str], target: Path) -> None:
    """The file that the gateway runs: weights as signed bytes, the labels, and the `vocabulary` as `Published.said` has
    it."""
    labeller.eval()
    fresh = target.with_suffix(".new")
    with TemporaryDirectory() as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        _export(labeller, whole)
        quantize_dynamic(
            str(whole),
            str(small),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=QUANTIZED,
        )
        model = onnx.load(str(small))
    onnx.helper.set_model_props(model, {"kind": KIND, "labels": " ".join(labels), **vocabulary})
    onnx.save(model, str(fresh))
    fresh.replace(target)


def _export(labeller: Labeller, place: Path) -> None:
    given = (torch.ones(1, 9, dtype=torch.long), torch.zeros(1, 9, dtype=torch.long), torch.full((2, 9), 1 / 9))
    torch.onnx.export(
        Alone(labeller),
        given,
        str(place),
        input_names=["pieces", "kinds", "spans"],
        output_names=["mail", "lines"],
        dynamic_axes={"pieces": {1: "n"}, "kinds": {1: "n"}, "spans": {0: "s", 1: "n"}, "lines": {0: "s"}},
        opset_version=17,
        dynamo=False,
    )
