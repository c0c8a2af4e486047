"""Any content of a configuration is valid or a one-line error, never a traceback."""

import copy

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medattn.config.load import read_configuration
from medattn.config.models.paper import Paper
from medattn.config.models.selection import Selection
from medattn.errors import UserError
from tests.config.conftest import PAPER, SELECTION

WORDS = sorted(
    {
        *Selection.model_fields,
        *Paper.model_fields,
        "toy",
        "digits",
        "vanilla",
        "blur",
        "epochs",
        "source",
        "kind",
        "phantom",
    }
    | {
        "str",
        "int",
        "[key]",
        "grid",
        "options",
        "recipe.epochs",
        "options.width",
        "classifier",
        "svm",
        "none",
    }
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(WORDS),
    st.dates(),
    st.binary(max_size=4),
)
KEYS = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS),
    st.text(max_size=5),
    st.integers(),
    st.booleans(),
    st.none(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(value, path=()):
    """Every path in a nested value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from places(below, (*path, key))


def replaced(source, path, key, value):
    """A copy of `source` with `value` at `path`, or with `key` added there."""
    result = {"top": copy.deepcopy(source)}
    place, last = result, "top"
    for part in path:
        place, last = place[last], part
    if key is not None and isinstance(place[last], dict):
        place[last][key] = value
    else:
        place[last] = value
    return result["top"]


def check(project):
    try:
        read_configuration(project / "config.yaml", project)
    except UserError as error:
        assert "\n" not in str(error)
        assert ".yaml: " in str(error)


@FUZZ
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_selection_is_valid_or_a_user_error(project, value):
    (project / "config.yaml").write_text(yaml.safe_dump(value))
    check(project)


@FUZZ
@given(st.data())
def test_a_selection_with_one_invalid_value(project, data):
    base = {
        **SELECTION,
        "papers": {"toy": {"recipe": {"epochs": 30}, "extra_arms": {"a": PAPER["arms"]["blur"]}}},
    }
    base["datasets"] = {"digits": {"source": {"test_fraction": 0.5}}}
    path = data.draw(st.sampled_from(sorted(places(base), key=repr)))
    value = replaced(base, path, data.draw(st.none() | KEYS), data.draw(VALUES))
    (project / "config.yaml").write_text(yaml.safe_dump(value))
    check(project)


@FUZZ
@given(st.data())
def test_a_paper_with_one_invalid_value(project, data):
    path = data.draw(st.sampled_from(sorted(places(PAPER), key=repr)))
    value = replaced(PAPER, path, data.draw(st.none() | KEYS), data.draw(VALUES))
    (project / "papers" / "toy" / "paper.yaml").write_text(yaml.safe_dump(value))
    check(project)


def test_a_key_that_looks_like_a_location_of_pydantic(project):
    for text in (
        "'[key]': 1",
        "papers: {'[key]': {}}",
        "papers: {toy: {'[key]': 1}}",
        "papers: {toy: {extra_arms: {'[key]': 1}}}",
    ):
        (project / "config.yaml").write_text(f"selection: a\n{text}\n")
        check(project)


def test_a_recursive_value(project):
    for text in (
        "selection: a\npapers: &a {toy: *a}\n",
        "selection: a\npapers: {toy: {recipe: &r {augmentation: *r}}}\n",
        "selection: a\npapers: {toy: {}}\nseeds: &s [*s]\n",
        "selection: a\npapers: {toy: {}}\ndatasets: {digits: &d {source: *d}}\n",
    ):
        (project / "config.yaml").write_text(text)
        check(project)


def test_a_value_that_expands_to_billions_of_nodes(project):
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    (project / "config.yaml").write_text("\n".join([*lines, "selection: a", "papers: {toy: {}}", "seeds: *a39"]))
    check(project)
