"""Write the files of a new paper, data set, mechanism, figure or metric, which run at once.

    medattn new mechanism my-gate                          a mechanism, its test, and a selection that judges it
    medattn new mechanism my-gate --dataset cells          the same on a data set of yours
    medattn new dataset cells --images photos/             the entry of a folder of images, and a selection
    medattn new metric lowest-recall                       a metric, and a selection that measures it
    medattn new figure accuracy-dots                       a figure, and a selection that draws it
    medattn new paper smith-2024                           a paper with its data set and published.csv, and a selection

The files are an example to edit. The selection is config/NAME.yaml: `medattn plan --config`, `medattn run -c` and
`snakemake --configfile` take it. A file that exists is never overwritten: the command stops and writes nothing.

--images takes a folder `<class>/`, a folder `<split>/<class>/` with the splits train and test, or a folder with a table
images.csv. For images with more than 8 bits, it states the window of the values that it finds.
"""

import argparse
import shlex
from pathlib import Path

from medattn.errors import UserError
from medattn.reading import path_argument

_KINDS = ("paper", "dataset", "mechanism", "figure", "metric")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("kind", choices=_KINDS, help="what to write")
    parser.add_argument("name", metavar="NAME", help="at most 40 lower-case letters, digits, '_' and '-'")
    parser.add_argument(
        "--into", type=path_argument, default=Path(), metavar="FOLDER", help="folder (default: the working folder)"
    )
    parser.add_argument(
        "--images", type=path_argument, metavar="FOLDER", help="of a data set: the folder of its images"
    )
    parser.add_argument("--dataset", metavar="NAME", help="of a mechanism: data set to train on (default: phantom)")


def run(arguments: argparse.Namespace) -> int:
    """Write the files, and say what was written and what to run next.

    Raises:
        UserError: the name is invalid or taken, a file exists, or an option does not belong to the kind.
    """
    from medattn.scaffolds.kinds import MAKERS
    from medattn.scaffolds.write import names_of, write_scaffold

    if arguments.images is not None and arguments.kind != "dataset":
        raise UserError("--images belongs to `medattn new dataset`")
    if arguments.dataset is not None and arguments.kind != "mechanism":
        raise UserError("--dataset belongs to `medattn new mechanism`")
    into = arguments.into
    images = arguments.images and _from_folder(arguments.images, into)
    scaffold = MAKERS[arguments.kind](names_of(arguments.name), into, arguments.dataset, images)
    for path in write_scaffold(scaffold, into):
        print(f"written: {into / path}")
    first = "" if into == Path() else f"cd {shlex.quote(str(into))} && "
    print(f"next: {first}{scaffold.next_command}")
    return 0


def _from_folder(images: Path, into: Path) -> Path:
    """Return the path of images that is valid where commands run, in `into`."""
    return images if into.resolve() == Path.cwd() else images.absolute()
