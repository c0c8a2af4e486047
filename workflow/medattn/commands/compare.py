"""Compare arms: by the papers' tests over epochs, and by sound tests over runs, folds, images and data sets.

    medattn compare --config config.yaml

Reads measurements.csv, epochs.csv and readings.csv of a selection, and the scores of the first seed's runs. Writes

    comparisons.csv   one row per pair of arms, data set, metric, procedure and test
    rankings.csv      one row per arm that is ranked over data sets
    multiverse.csv    one row per cell, and per pair of arms, under each reading of what a paper leaves open

By default every mechanism is compared with vanilla; `families` of a paper and the marks of its tables define further
pairs, and the comparisons that are corrected together.

Procedures differ in their replicates:

    epochs   the measured epochs of one run of each arm (the first seed), by Student's and Welch's t-test, as in the
             papers. Epochs of one run are not independent, so these p-values are far too small.
    runs     runs (or whole cross-validations), paired by seed: paired t-test, on which marks and verdicts are based;
             sign-flip permutation test; Wilcoxon's signed-rank test; probability of outperforming; d_z; Cliff's delta;
             equivalence.
    folds    folds of a cross-validation: the corrected t-test of Nadeau and Bengio; also the permutation test and
             Wilcoxon's test, which assume independent folds.
    images   test images, for two fixed models (of the first seed): McNemar's test of accuracies, DeLong's of AUCs, and
             a bootstrap of any metric. They do not generalize to other trainings of the same arms.

Column least_p has the smallest p-value that the number of replicates allows, for tests with such a bound. Column
p_adjusted has Holm's correction over the rows with the same paper, experiment, family, metric, class, procedure and
test. docs/statistics.md explains which test to use.

If a value of comparisons.csv or multiverse.csv would get lost, for example because a file that it follows from is
missing, the command stops with exit code 2, says which and why, and leaves the file as it is; --allow-fewer goes on.
"""

import argparse

from medattn.commands.selection import add_allow_fewer_argument, add_selection_arguments, load_selection


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    add_allow_fewer_argument(parser, "the files")


def run(arguments: argparse.Namespace) -> int:
    """Compare the arms of the selection."""
    from medattn.compare.table import write_comparisons

    chosen = load_selection(arguments)
    table = write_comparisons(chosen.results, chosen.configuration, allow_fewer=arguments.allow_fewer)
    print(f"{chosen.results.comparisons}: {len(table)} comparisons")
    return 0
