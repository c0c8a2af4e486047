"""Placebos that a selection adds are no deviation from the paper's procedure."""

from medattn.config.load import read_configuration
from medattn.config.models.facts import Facts
from medattn.judge.protocol_deviations import deviation, reading
from medattn.judge.subject import Subject
from tests.conftest import Project


def test_added_placebos_leave_the_cells_of_the_paper_as_they_are(project: Project):
    own = {"mechanism": "gsa", "placebo": "constant", "placebo_of": "gsa"}
    project.configure(papers={"tiny": {"placebos": ["frozen"], "extra_arms": {"still": own}}})
    configuration = read_configuration(project.root / "config.yaml", project.root)
    paper = configuration.papers[0]
    assert {"gsa-frozen", "still"} <= paper.arms.keys()
    for arm in ("vanilla", "gsa"):
        subject = Subject("tiny-table", "phantom", "net", arm, "accuracy")
        facts = Facts()
        # The selection of the tests changes the images, which deviates for every arm; its arms do not.
        assert "arms." not in deviation(configuration, paper, subject, facts)
        assert reading(configuration, paper, subject, facts) == ""
    still = Subject("tiny-table", "phantom", "net", "still", "accuracy")
    assert "arms.still" in deviation(configuration, paper, still, Facts())
