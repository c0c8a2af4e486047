"""render: tables, figures and their captions."""

TABLES = expand(str(RESULTS / "tables/{table}.{kind}"), table=GRAPH["tables"], kind=["csv", "md", "tex"])
FIGURES = expand(str(RESULTS / "figures/{figure}.{kind}"), figure=GRAPH["figures"], kind=["svg", "png"])
