"""Compare arms: by the papers' own tests over epochs, and by sound ones over runs, folds, images and data sets.

Reads measurements.csv and epochs.csv of a selection, and the kept scores of the first seed's runs. Writes
comparisons.csv, a row per pair of arms, data set, metric, procedure and test, and rankings.csv, a row per arm that is
ranked over data sets. Which arms are compared with which, and what is corrected together, a paper says under
`families` and in the marks of its tables; by default it is every mechanism with vanilla.

    medattn compare --config config.yaml

The procedure says what counts as a replicate:

    epochs   the papers' own: Student's and Welch's t-test between the measured epochs of one run of each arm, that of
             the first seed. Epochs of one run are not independent, so these p are far too small.
    runs     runs (or whole cross-validations), paired by seed: sign-flip permutation test, on which the marks in tables
             rest; Wilcoxon's signed-rank test; probability of outperforming; d_z; Cliff's delta; equivalence.
    folds    folds of a cross-validation: the corrected t-test of Nadeau and Bengio, and beside it the permutation and
             Wilcoxon's test, which take folds for independent.
    images   test images, for two given models (of the first seed): McNemar's test of accuracies, DeLong's of AUCs, and
             a bootstrap of any metric. They say nothing of other trainings of the same arms.

`least_p` is the least p that so few replicates can give. `p_adjusted` is Holm's correction over what shares paper,
experiment, family, metric, class, procedure and test. docs/statistics.md says which test to use when.
"""

import argparse

from medattn.commands.selection import add_selection_arguments, selected


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
