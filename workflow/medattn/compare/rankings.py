"""The table of rankings, rankings.csv: arms ranked over the data sets of an experiment, and of a whole paper.

A row is an arm. Rows that share paper, experiment, metric, class, family and backbone are one critical-difference
diagram: they repeat what belongs to it as a whole.
"""

COLUMNS = [
    "paper", "experiment", "metric", "class_name", "family", "arm", "backbone", "datasets", "mean_rank",
    "critical_difference", "statistic", "p", "p_iman_davenport", "p_holm", "clique", "control", "stand_in", "left_out",
    "note",
]  # fmt: skip
"""The columns.

- paper, experiment, metric, class_name, family, backbone: which ranking; `experiment` is `all` where the data sets of
  all experiments of the paper are taken together.
- arm: the arm; its rank on a data set is that of its mean over seeds, 1 being best.
- datasets: number of data sets that are ranked.
- mean_rank: mean of the arm's ranks over them.
- critical_difference: Nemenyi's, at 0.05; empty with a single data set.
- statistic, p: Friedman's chi-square and its p; p_iman_davenport: that of Iman and Davenport's F.
- p_holm: p of the arm against `control`, Holm-adjusted over the arms; empty for the control.
- clique: numbers, joined by ;, of the groups that Nemenyi's test can't tell apart and to which the arm belongs (the
  bars of the diagram, 1 being the one of the best arms); empty where it is in none.
- control: the arm that the others are held against (vanilla, or what the family says).
- stand_in: whether one of the data sets is a stand-in.
- left_out: data sets without a number of every arm, and which arm lacks it; joined by ;.
- note: what a reader must know, such as why there is no test.
"""
