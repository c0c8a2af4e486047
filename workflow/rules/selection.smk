"""selection: read the files of the selection and the keys of --config, as `medattn plan --config` reads them."""

import sys

from medattn.config.selection_files import read_selection
from medattn.errors import UserError
from medattn.reading import path_argument

SELECTION = "the selection"

# Snakemake has read the files with another YAML reader: 1e-3 is text there, and a key that is given twice passes.
if (
    workflow.modifier.parent_modifier is None
):  # a module gets its selection from the workflow that uses it
    try:
        selection, SELECTION = read_selection(
            workflow.overwrite_configfiles, workflow.config_settings.config_args or ()
        )
        for key in ("data", "results"):
            if isinstance(selection.get(key), str):
                selection[key] = str(path_argument(selection[key]))
    except UserError as error:
        print(f"medattn: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    config.clear()
    config.update(selection)
