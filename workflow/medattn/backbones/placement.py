"""Placement of attention modules at the insertion points of a network."""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from medattn.config.models.placement import Placement
from medattn.config.networks.architectures import insertion_paths
from medattn.errors import Skipped

Create = Callable[[str, int, tuple[int, int]], nn.Module]


def place_modules(
    network: nn.Module, model: str, placement: Placement, image: tuple[int, int], create: Create
) -> dict[str, nn.Module]:
    """Add a module behind each insertion point of `network`, in place; return the modules by path.

    Modules are created in the order of the insertion points, from torch's global generator.

    Args:
        network: network that maps B x 3 x H x W images to logits.
        model: name of the network, from which the positions of its blocks are known.
        placement: insertion points of the arm.
        image: (H, W) of the images.
        create: creates the module for a path, a width C and an (H, W); it maps B x C x H x W to the same shape.

    Raises:
        Skipped: an insertion point is unknown or does not exist, or a module can't be placed there.
    """
    try:
        paths = insertion_paths(model, placement)
    except ValueError as error:
        raise Skipped(str(error)) from error
    shapes = output_shapes(network, model, paths, image)
    device = next(network.parameters()).device
    placed = {}
    for path in paths:
        channels, height, width = shapes[path]
        try:
            module = create(path, channels, (height, width))
        except Skipped as error:
            raise Skipped(f"behind {path} of {model}, {channels} x {height} x {width}: {error}") from error
        placed[path] = module.to(device)
    # All parents are looked up before the first change, because an insertion point may be inside another one.
    parents = {path: network.get_submodule(path.rpartition(".")[0]) for path in paths}
    for path, module in placed.items():
        name = path.rpartition(".")[2]
        behind = nn.Sequential(OrderedDict(block=parents[path].get_submodule(name), attention=module))
        setattr(parents[path], name, behind)
    return placed


def output_shapes(
    network: nn.Module, model: str, paths: list[str], image: tuple[int, int]
) -> dict[str, tuple[int, int, int]]:
    """Return the output shapes (C, H, W), by path, of the modules at `paths` for images of this (H, W).

    The forward pass runs on the meta device, which computes shapes only and is therefore fast for any network.

    Raises:
        Skipped: a module does not exist, is not called exactly once, or its output is no map; or the network does not
            accept images of this size.
    """
    shapes: dict[str, list[tuple[int, ...] | None]] = {path: [] for path in paths}
    handles = []
    for path in paths:
        try:
            module = network.get_submodule(path)
        except AttributeError as error:
            raise Skipped(f"{model} has no module {path}") from error

        def note(_module: nn.Module, _inputs: object, output: object, path: str = path) -> None:
            shapes[path].append(tuple(output.shape[1:]) if isinstance(output, Tensor) else None)

        handles.append(module.register_forward_hook(note))
    modes = {module: module.training for module in network.modules()}
    state = {name: value.to("meta") for name, value in (*network.named_parameters(), *network.named_buffers())}
    try:
        network.eval()
        with torch.no_grad():
            functional_call(network, state, (torch.empty(1, 3, *image, device="meta"),))
    except (RuntimeError, ValueError, AssertionError) as error:
        reason = " ".join(str(error).split())
        raise Skipped(f"{model} can't take images of {image[0]} x {image[1]}: {reason}") from error
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.items():
            module.training = training
    return {path: _map_shape(model, path, found) for path, found in shapes.items()}


def _map_shape(model: str, path: str, found: list[tuple[int, ...] | None]) -> tuple[int, int, int]:
    if len(found) != 1:
        raise Skipped(f"{path} of {model} is called {len(found)} times in a forward pass, not once")
    shape = found[0]
    if shape is None or len(shape) != 3:
        raise Skipped(f"the output of {path} of {model} is no map, B x C x H x W")
    return shape[0], shape[1], shape[2]
