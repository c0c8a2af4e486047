"""Tables in CSV, Markdown, LaTeX and HTML."""
