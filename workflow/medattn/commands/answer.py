"""Answer whether each attention mechanism helps: its effect on each data set, pooled over data sets, with a verdict.

    medattn answer --config config.yaml

Reads measurements.csv and, where it exists, complexity.csv. Writes answer.csv and tables/answer.md, and prints the
answer for accuracy in sentences. Each arm with a mechanism is compared with vanilla, and with its placebos where it has
any: by seed, averaged over backbones. A random-effects model pools the data sets. Verdicts:

    helps                     the interval of the mean effect excludes no effect, in the good direction
    hurts                     the same in the bad direction
    no practical difference   the interval lies within the margin (`equivalence_margin` of the selection)
    open                      neither

docs/answer.md has the formulas.

If a value of answer.csv would get lost, for example because a file that it follows from is missing, the command
stops with exit code 2, says which and why, and leaves the file as it is; --allow-fewer goes on.
"""

import argparse

from medattn.commands.selection import add_allow_fewer_argument, add_selection_arguments, load_selection


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_selection_arguments(parser)
    add_allow_fewer_argument(parser, "answer.csv")


def run(arguments: argparse.Namespace) -> int:
    """Write the answer and print its sentences on accuracy."""
    from medattn.answer.table import write_answer

    chosen = load_selection(arguments)
    table = write_answer(chosen.results, chosen.configuration, allow_fewer=arguments.allow_fewer)
    told = table[(table["level"] == "pooled") & (table["scope"] == "selection") & (table["metric"] == "accuracy")]
    lines = [f"- {text}" for text in told["sentence"]] or ["No mechanism was measured next to vanilla yet."]
    print("\n".join([*lines, f"written: {chosen.results.answer}"]))
    return 0
