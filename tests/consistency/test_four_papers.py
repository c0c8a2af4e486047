"""Results of the checks for the four papers, from the published values and the facts that the papers state."""

import re


def cells(rows):
    return {row["cell"].removesuffix(".accuracy") for row in rows}


def one(rows):
    assert len(rows) == 1, rows
    return rows[0]


# GSA


def test_gsa_sizes_are_found(in_paper):
    for dataset, n in {"glaucoma": 119, "idrid_dr": 103, "idrid_dme": 103, "jaffe": 43}.items():
        row = one(in_paper("gsa", f"{dataset}.*.*", check="test-set-size"))
        assert (row["expected"], row["verdict"]) == (f"n = {n}", "consistent")


def test_gsa_fourteen_cells_are_no_means_of_30(in_paper):
    wrong = in_paper("gsa", check="grim", verdict="inconsistent")
    networks = cells(row for row in wrong if ".none." not in row["cell"])
    assert networks == {
        *("glaucoma.vgg_att3.vgg_att3", "glaucoma.vgg16.l1", "glaucoma.vgg16.gsa", "glaucoma.resnet152.l1"),
        *("idrid_dr.googlenet.gsa", "idrid_dr.resnet152.vanilla", "idrid_dr.resnet152.gsa"),
        *("idrid_dme.vgg_att3.vgg_att3", "idrid_dme.googlenet.l1", "idrid_dme.resnet152.l1"),
        *("idrid_dme.resnet152.gsa", "idrid_dme.densenet161.vanilla"),
        *("jaffe.googlenet.vanilla", "jaffe.densenet161.vanilla"),
    }
    assert len(in_paper("gsa", check="grim", verdict="consistent")) == 42 + 4


def test_gsa_numbers_of_epochs_that_fit_mean_and_deviation_are_named(in_paper):
    notes = {
        row["cell"].removesuffix(".accuracy.std"): row["note"]
        for row in in_paper("gsa", check="grimmer")
        if "the mean itself is impossible" in row["note"]
    }
    assert len(notes) == 14
    alone = [cell for cell, note in notes.items() if "from 20 to 63, none makes mean and deviation possible" in note]
    assert alone == ["idrid_dme.resnet152.l1"]
    assert "from 20 to 63, 44, 51 make both possible together" in notes["jaffe.densenet161.vanilla"]


def test_gsa_classifiers_on_pixels_had_other_images(in_paper):
    wrong = [row for row in in_paper("gsa", ".none.", check="grim") if row["verdict"] == "inconsistent"]
    assert cells(wrong) == {"glaucoma.none.lr", "glaucoma.none.svm", "jaffe.none.lr", "jaffe.none.svm"}
    glaucoma = one(in_paper("gsa", "glaucoma.*.lr+svm", check="test-set-size"))
    assert glaucoma["verdict"] == "inconsistent"
    assert "all 2 are possible on 587, 591;" in glaucoma["note"]
    assert glaucoma["expected"] == "n = 591 (the whole data set)"
    jaffe = one(in_paper("gsa", "jaffe.*.lr+svm", check="test-set-size"))
    assert "all 2 are possible on 212," in jaffe["note"]
    assert jaffe["expected"] == "n = 212 (the whole data set but one)"
    assert "on 213 (the whole data set) 2 of 2 are impossible" in jaffe["note"]


def test_gsa_deviations_are_of_samples(in_paper):
    row = one(in_paper("gsa", "*.accuracy.std", check="grimmer"))
    assert row["expected"] == "sample formula (ddof = 1)"
    assert "sample formula: 42 of 42; population formula: 24 of 42; about 25 by chance" in row["note"]
    assert not in_paper("gsa", check="grimmer", verdict="inconsistent")


def test_gsa_significance_holds_for_13_of_16(in_paper):
    wrong = in_paper("gsa", "against vanilla", check="significance", verdict="inconsistent")
    p = {row["cell"].split(".accuracy")[0]: row["expected"] for row in wrong if not row["cell"].startswith("*")}
    assert p == {
        "idrid_dme.googlenet.gsa": "Welch p = 0.19",
        "jaffe.vgg16.gsa": "Welch p = 0.2",
        "jaffe.resnet152.gsa": "Welch p = 0.019",
    }
    assert one(in_paper("gsa", "*.gsa against vanilla", check="significance"))["expected"] == "13 of 16 at p < 0.01"


def test_gsa_stars_and_correction(in_paper):
    stars = one(in_paper("gsa", "*.gsa against l1", check="significance"))
    assert "9 below 0.01; 3 between 0.01 and 0.05; 1 not below 0.05" in stars["note"]
    wrong = in_paper("gsa", ".accuracy against l1", check="significance", verdict="inconsistent")
    assert [row["cell"] for row in wrong] == ["idrid_dme.densenet161.gsa.accuracy against l1"]
    unstarred = [
        row for row in in_paper("gsa", ".accuracy against l1", check="significance") if row["published"] == "no star"
    ]
    assert len(unstarred) == 3
    assert {row["verdict"] for row in unstarred} == {"consistent"}
    family = one([row for row in in_paper("gsa", check="significance") if row["cell"] == "*"])
    assert family["expected"].startswith("17 of 32 by Bonferroni")
    assert "11 of 16 against vanilla, 6 of 16 against l1" in family["note"]


def test_gsa_class_counts_are_swapped_and_totals_hold(in_paper):
    totals = in_paper("gsa", check="totals")
    assert [row["verdict"] for row in totals if row["cell"].startswith("classes")] == ["inconsistent"] * 2
    assert [row["verdict"] for row in totals if not row["cell"].startswith("classes")] == ["consistent"] * 2


# PPCR


def test_ppcr_isic_had_192_images(in_paper):
    row = one(in_paper("ppcr", "isic2018", check="test-set-size"))
    assert (row["published"], row["expected"]) == ("15 distinct accuracies", "n = 192")
    assert "all 15 are possible on multiples of 192 only" in row["note"]
    for size, failing in {193: 15, 1001: 12, 1502: 13, 2003: 12}.items():
        assert re.search(rf"on {size} \([^)]*\) {failing} of 15 are impossible", row["note"])
    assert "192 = 6 batches of 32" in row["note"]
    assert {each["verdict"] for each in in_paper("ppcr", "isic2018", check="grim")} == {"consistent"}


def test_ppcr_fundus_had_992_images(in_paper):
    row = one(in_paper("ppcr", "fundus_isee", check="test-set-size"))
    assert row["expected"] == "n = 992"
    assert "multiples of 992 only" in row["note"]
    assert "992 = 31 batches of 32" in row["note"]


def test_ppcr_stated_sizes(in_paper):
    for dataset in ("octmnist", "retinamnist"):
        assert {row["verdict"] for row in in_paper("ppcr", dataset, check="grim")} == {"consistent"}
    wrong = in_paper("ppcr", "breastmnist", check="grim", verdict="inconsistent")
    assert sorted(row["published"] for row in wrong) == ["73.71", "87.20"]
    assert {row["verdict"] for row in in_paper("ppcr", "cifar", check="grim")} == {"undecidable"}


def test_ppcr_three_impossible_f1(in_paper):
    rows = in_paper("ppcr", "breastmnist", check="confusion-matrix")
    wrong = {row["published"]: row["expected"] for row in rows if row["verdict"] == "inconsistent"}
    assert {published: expected.split(" to ") for published, expected in wrong.items()} == {
        "86.97 (accuracy 85.26)": ["83.15", "86.01"],
        "86.85 (accuracy 82.05)": ["78.55", "83.04"],
        "84.37 (accuracy 88.46)": ["87.31", "88.99"],
    }
    assert "11 match exactly one" in one(in_paper("ppcr", "breastmnist.*", check="confusion-matrix"))["note"]
    padded = one([row for row in rows if row["published"].startswith("83.30")])
    assert padded["verdict"] == "undecidable"
    assert "padding" in padded["note"]


def test_ppcr_f1_is_weighted(in_paper):
    assert one(in_paper("ppcr", "breastmnist.*", check="confusion-matrix"))["expected"] == "F1 weighted"


def test_ppcr_always_normal_classifiers(in_paper):
    rows = in_paper("ppcr", check="majority-class")
    assert {row["cell"] for row in rows if row["cell"].startswith("fundus")} == {
        "fundus_isee.resnet50.se.f1",
        "fundus_isee.resnet50.nl.f1",
    }
    assert all("769 of 992 images" in row["note"] for row in rows if row["cell"].startswith("fundus"))


def test_ppcr_equation_8_contradicts_the_column(in_paper):
    by_formula = {
        says: [row for row in in_paper("ppcr", "ppcr.params_m", check="increments") if row["note"].startswith(says)]
        for says in ("Eq. 8", "one weight")
    }
    assert [row["verdict"] for row in by_formula["Eq. 8"]] == ["inconsistent"] * 6
    assert sorted(row["expected"] for row in by_formula["Eq. 8"]) == [
        "11.18",
        "11.24",
        "11.24",
        "23.53",
        "23.62",
        "23.74",
    ]
    added = [58310, 97069, 14630, 24346, 19040, 31696]
    assert [row["note"].split(" ")[3] for row in by_formula["Eq. 8"]] == [f"{n:,}" for n in added]
    assert [row["verdict"] for row in by_formula["one weight"]] == ["consistent"] * 6


def test_ppcr_increments(in_paper):
    wrong = in_paper("ppcr", "*.", check="increments", verdict="inconsistent")
    wrong = [row for row in wrong if row["published"].startswith("increments")]
    assert {row["cell"] for row in wrong} == {"*.resnet18.se.params_m", "*.resnet50.se.params_m"}
    assert all("without ppcr-table-2 the tables agree" in row["note"] for row in wrong)
    cheaper = [row for row in in_paper("ppcr", check="increments") if row["expected"].startswith("more than")]
    assert [(row["cell"], row["verdict"]) for row in cheaper] == [
        ("isic2018+fundus_isee.resnet18.gc.gflops", "inconsistent")
    ]


def test_ppcr_formula_of_nl_fits_only_with_squared_channels(in_paper):
    rows = in_paper("ppcr", "nl.params_m", check="increments")
    added = {
        says: [
            row["note"].split(" adds ")[1].split(" to ")[0] for row in rows if row["note"].startswith(f"{says} adds")
        ]
        for says in (
            "the NL formula of section 3.4",
            "the NL formula with C squared",
            "the NL formula with C squared and biases",
        )
    }
    assert added["the NL formula of section 3.4"] == ["256"] * 3 + ["1,958"] * 3
    assert added["the NL formula with C squared"] == ["783,360"] * 3 + ["22,634,496"] * 3
    verdicts = {says: {row["verdict"] for row in rows if row["note"].startswith(f"{says} adds")} for says in added}
    assert list(verdicts.values()) == [{"inconsistent"}, {"consistent", "inconsistent"}, {"consistent"}]


def test_ppcr_baselines_are_the_known_networks(in_paper):
    rows = in_paper("ppcr", check="counts")
    assert [row["verdict"] for row in rows] == ["consistent"] * 6


def test_ppcr_statements(in_paper):
    by_start = {row["cell"]: row for row in in_paper("ppcr", check="statements")}
    below = by_start['"NL, GC, and EA perform worse than these two backbones" on Fundus-iSee']
    assert below["note"].startswith("6 of 18 comparisons fail")
    general = one([row for cell, row in by_start.items() if "generally performs better" in cell])
    assert general["note"].startswith("7 of 238 comparisons fail, in 5 of 34 columns")
    assert (general["published"], general["verdict"]) == (
        "more than 0, in general",
        "undecidable",
    )
    same = by_start['"negligible extra computations compared to original network architectures"']
    assert same["published"] == "at least 0 and at most 0.5%" and same["expected"] == "the tables show 0%"
    normalization = by_start[
        '"the performance of PN is better than the other three normalization methods and the original"'
    ]
    assert "77.11 against ppcr-instance-norm 77.14" in normalization["note"]
    wrong = {cell for cell, row in by_start.items() if row["verdict"] == "inconsistent"}
    costs = by_start['"fewer computational costs and parameters" of PPCR than of GC, NL and EA on ISIC2018']
    assert "1.819" in costs["note"]  # less than the network alone
    assert wrong == {below["cell"], normalization["cell"], costs["cell"]}


# ACNet


def test_acnet_accuracies_are_no_means_of_five_folds(in_paper):
    rows = in_paper("acnet", table="acnet-table-1", check="grim")
    assert [row["verdict"] for row in rows] == ["inconsistent"] * 5
    assert all("/485" in row["expected"] for row in rows)


def test_acnet_impossible_rows(in_paper):
    rows = {row["published"][:6]: row for row in in_paper("acnet", table="acnet-table-1", check="rates")}
    anyhow = "however the classes are spread over the folds"
    assert rows["0.4179"]["note"].count(anyhow) == rows["0.6251"]["note"].count(anyhow) == 2
    assert "impossible with stratified folds, possible with random ones" in rows["0.8593"]["note"]
    for text in ("0.4179", "0.6251", "0.8347", "0.9277"):
        assert rows[text]["verdict"] == "inconsistent"
    assert rows["0.8593"]["verdict"] == "undecidable"
    second = in_paper("acnet", table="acnet-table-2", check="rates")
    assert {row["verdict"] for row in second} == {"inconsistent"}
    assert (
        "above both sensitivity and specificity" in one([r for r in second if r["published"][:6] == "0.9452"])["note"]
    )


def test_acnet_implied_shares_differ(in_paper):
    for table, shares in {"acnet-table-1": "0.10 to 0.63", "acnet-table-2": "-0.03 to 0.39"}.items():
        row = one(in_paper("acnet", "*.*", table=table, check="rates"))
        assert row["published"] == f"implied shares of positives {shares}"
        assert row["verdict"] == "inconsistent"


def test_acnet_repeats_a_specificity(in_paper):
    row = one(in_paper("acnet", check="duplicates"))
    assert (row["cell"], row["published"]) == ("dcm_t1_mapping.resnet50.vanilla.specificity", "0.8327 twice")
    assert row["verdict"] == "undecidable"


# OCT


def test_oct_precision_is_recall(in_paper):
    wrong = in_paper("oct", "precision", check="recalls", verdict="inconsistent")
    assert {(row["table"], row["cell"]) for row in wrong} == {
        ("oct-table-1", "oct2017.inception_v4.vanilla.precision.*"),
        ("oct-table-1", "oct2017.inception_v4.ra.precision.*"),
        ("oct-table-3", "oct2017.inception_v4.vanilla.precision.*"),
        ("oct-table-3", "oct2017.inception_v4.ra.precision.*"),
        ("oct-table-1;oct-table-3", "oct2017.*.*.precision.*"),
    }
    assert one(in_paper("oct", "*.*.precision", check="recalls"))["published"] == "16 values labeled precision"


def test_oct_recall_is_none_but_in_the_quoted_row(in_paper):
    recalls = {row["cell"]: row for row in in_paper("oct", "recall.*", check="recalls")}
    assert recalls["oct2017.inception_v3.vanilla.recall.*"]["verdict"] == "consistent"
    whole = recalls["oct2017.*.*.recall.*"]
    assert whole["verdict"] == "inconsistent"
    assert whole["note"].startswith("1 of 8 are possible")
    assert whole["expected"] == "at least 762 images a class"


def test_oct_no_confusion_matrix(in_paper):
    rows = {row["cell"]: row for row in in_paper("oct", check="false-positives")}
    assert {row["verdict"] for row in rows.values()} == {"inconsistent"}
    v3 = rows["oct2017.inception_v3.vanilla.precision+recall"]
    assert v3["note"].startswith("the precisions need 39 false positives, the recalls 38 misses")
    for model in ("inception_v4.vanilla", "inception_v4.ra"):
        assert "broken number of false positives" in rows[f"oct2017.{model}.precision+recall"]["note"]


def test_oct_class_means(in_paper):
    rows = in_paper("oct", check="class-means")
    assert len(rows) == 8
    wrong = one([row for row in rows if row["verdict"] == "inconsistent"])
    assert (wrong["published"], wrong["expected"]) == ("96.6", "96.200")
    rounded = one([row for row in rows if "only through the rounding" in row["note"]])
    assert (rounded["published"], rounded["expected"]) == ("99.0", "98.925")


def test_oct_gains_of_preprocessing(in_paper):
    row = one(in_paper("oct", "by direct resizing", check="statements"))
    assert (row["verdict"], row["expected"]) == ("inconsistent", "the tables show 3.9 to 5.4 points")
