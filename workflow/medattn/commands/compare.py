"""Compare arms: the paper's own tests over epochs, and runs paired by seed.

Reads measurements.csv and epochs.csv of a selection and writes comparisons.csv beside them, a row per pair of
arms, data set, metric, procedure and test. The pairs are those that the tables of the papers mark, and every
mechanism against vanilla.

    medattn compare --config config.yaml

The procedure `epochs` repeats what the paper did: Student's and Welch's t-test between the measured epochs of
one run of each arm, the run of the first seed. Epochs of one run are not independent, so its p are too small.
The procedure `runs` takes the run as replicate: mean difference over seeds, 95% t-interval, Cohen's d_z, and
the two-sided p of an exact sign-flip permutation test (from 17 seeds on, 99,999 sign patterns are drawn);
`least_p` is the least p that so few runs can give. `p_adjusted` is Holm's correction within a paper, metric,
procedure and test.
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "--config", type=Path, default=Path("config.yaml"), metavar="FILE", help="the selection"
    )
    parser.add_argument(
        "--root", type=Path, default=Path(), metavar="DIR", help="folder in which papers/ lies"
    )


def run(arguments: argparse.Namespace) -> int:
    """Compare the arms of the selection."""
    from medattn.compare.table import write_comparisons
    from medattn.config.load import read_configuration
    from medattn.layout import Results

    configuration = read_configuration(arguments.config, arguments.root)
    selection = configuration.selection
    results = Results(Path(selection.results) / selection.selection)
    table = write_comparisons(results, configuration)
    print(f"{results.comparisons}: {len(table)} comparisons")
    return 0
