"""Captions that Snakemake's report fills in as templates."""

import docutils.core
import jinja2
import pytest

from medattn.render.captions import caption_source
from medattn.text_formats import from_rst_text

BRACES = [
    "{{ a }}",
    "{% if %}",
    "{# a #}",
    "x {{{% y",
    "{",
    "{%",
    "a {b} {%",
    r"\\{{ a",
    r"\\{% a",
    "{{{",
    "a{#",
    "*{{*",
]


@pytest.mark.parametrize("text", BRACES)
def test_a_caption_with_braces_is_shown_literally(text):
    source = caption_source(text)
    assert jinja2.Template(source).render() == source
    assert docutils.core.publish_doctree(source).astext() == text
    assert from_rst_text(source) == text
