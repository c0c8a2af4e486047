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

from medattn.commands.selecting import add_selection_arguments, selected


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare the arms of the selection."""
    from medattn.compare.table import write_comparisons

    chosen = selected(arguments)
    table = write_comparisons(chosen.results, chosen.configuration)
    print(f"{chosen.results.comparisons}: {len(table)} comparisons")
    return 0
