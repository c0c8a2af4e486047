"""Placing modules inside a network, as an arm's `placement` says."""

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
    """Put a module behind each of the declared places of `network` and return them by the paths of these places.

    Modules are made in the order of the places on the network's device, so that their initialization is that of
    torch's generator.

    Args:
        network: maps B x 3 x H x W images to logits; changed in place.
        model: its name, which says where its blocks are.
        placement: where the modules stand.
        image: (H, W) of the images.
        create: makes the module for a path, a width C and an output of (H, W); it maps B x C x H x W to the same shape.

    Raises:
        Skipped: the places are not known, don't exist, or a module can't stand there.
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
    # Looked up before anything changes, as one place may lie within another.
    holders = {path: network.get_submodule(path.rpartition(".")[0]) for path in paths}
    for path, module in placed.items():
        name = path.rpartition(".")[2]
        behind = nn.Sequential(OrderedDict(block=holders[path].get_submodule(name), attention=module))
        setattr(holders[path], name, behind)
    return placed


def output_shapes(
    network: nn.Module, model: str, paths: list[str], image: tuple[int, int]
) -> dict[str, tuple[int, int, int]]:
    """Return what the modules at `paths` put out for images of this (H, W): (C, H, W) by path.

    The images pass through on the meta device, which has shapes and no numbers, so this is free for any network.

    Raises:
        Skipped: there is no such module, it is not used once, its output is no map, or the images do not fit.
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
        raise Skipped(f"{path} of {model} is used {len(found)} times in a pass, not once")
    shape = found[0]
    if shape is None or len(shape) != 3:
        raise Skipped(f"{path} of {model} does not put out maps, B x C x H x W")
    return shape[0], shape[1], shape[2]
