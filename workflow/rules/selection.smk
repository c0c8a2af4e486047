"""selection: read the files of the selection and the keys of --config, as `medattn plan --config` reads them.

A workflow that uses this one as a module gives it its selection; without `config:`, the module reads config.yaml.
"""

import sys

from medattn.config.selection_files import as_read_by_medattn, read_selection
from medattn.errors import UserError

IS_MODULE = workflow.modifier.parent_modifier is not None


def selection_and_name():
    """Return the selection as plain values, and its name for messages."""
    if IS_MODULE:
        # Snakemake has read it with another YAML reader, for which 1e-3 is text.
        return (
            (as_read_by_medattn(config), "the selection")
            if config
            else read_selection(())
        )
    # Snakemake's reader also lets a key pass that is given twice.
    return read_selection(
        workflow.overwrite_configfiles, workflow.config_settings.config_args or ()
    )


try:
    selection, SELECTION = selection_and_name()
except UserError as error:
    print(f"medattn: {error}", file=sys.stderr)
    sys.exit(error.exit_code)
# A module shares this object with the workflow that uses it.
if IS_MODULE:
    config = selection
else:
    config.clear()
    config.update(selection)
