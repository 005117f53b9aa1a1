"""A joint network as an ONNX file, which every reader of RTMPose files takes."""

from __future__ import annotations

import copy
import importlib.util
import os
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from posegan_plugin.errors import UserError
from posegan_plugin.models.joint_network import JointNetwork
from posegan_plugin.models.layers import ConvBlock
from posegan_plugin.pose.files import write_atomic

if TYPE_CHECKING:
    from onnx import ModelProto

OUTPUTS = ("simcc_x", "simcc_y")
_TOLERANCE = 1e-4


def check_export_packages() -> None:
    """Find out before hours are spent whether a network can be exported.

    Raises:
        UserError: A package is missing.
    """
    for package in ("onnx", "onnxscript", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            raise UserError(
                f"the ONNX export needs {package}: pip install 'posegan_plugin[pose]' brings it"
            )


def export_onnx(network: JointNetwork, path: str | os.PathLike[str]) -> None:
    """Write a network as an ONNX file, whole or not at all.

    The file has the input ``images`` (N, 3, H, W), ImageNet-normalised RGB, any N, and the outputs
    ``simcc_x`` and ``simcc_y``, see :class:`JointNetwork`. It is run once and compared first.

    Args:
        network: In evaluation mode. A copy on the CPU is exported and compared: a GPU rounds more
            coarsely than the file may differ.
        path: Where the file goes.

    Raises:
        UserError: A package is missing, the file cannot be written, or what was exported finds other
            joints than the network.
    """
    check_export_packages()
    network = copy.deepcopy(network).cpu()
    examples = torch.randn(2, 3, *network.image_size, generator=torch.Generator().manual_seed(0))
    program = torch.onnx.export(
        _without_norms(network),
        (examples,),
        dynamo=True,
        input_names=["images"],
        output_names=list(OUTPUTS),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )
    data = _without_traces(program.model_proto).SerializeToString()
    _compare(network, data, examples)
    write_atomic(path, data)


def _without_norms(network: JointNetwork) -> JointNetwork:
    """A copy whose convolutions do what batch norm does after them.

    It runs faster, and the exporter of torch 2.6 cannot write batch norm with today's onnxscript.
    """
    network = copy.deepcopy(network)
    for block in network.modules():
        if isinstance(block, ConvBlock):
            block[0], block[1] = fuse_conv_bn_eval(block[0], block[1]), nn.Identity()
    return network


def _without_traces(model: ModelProto) -> ModelProto:
    """Clear what the exporter notes about every node: stack traces, with paths of this machine."""
    graph = model.graph
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
    return model


@torch.no_grad()
def _compare(network: JointNetwork, data: bytes, examples: torch.Tensor) -> None:
    """Run the export on a batch and on a single person.

    Raises:
        UserError: It answers otherwise than the network.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    for images in (examples, examples[:1]):
        expected = network(images)
        found = session.run(list(OUTPUTS), {"images": images.numpy()})
        apart = max(np.abs(f - e.numpy()).max() for f, e in zip(found, expected, strict=True))
        if not apart <= _TOLERANCE:
            raise UserError(
                f"the exported network's answers are {apart:.1e} off those of the trained one: "
                "use other versions of torch, onnxscript and onnxruntime"
            )
