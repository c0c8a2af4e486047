"""The subcommands of `medattn`, one module each; a module's docstring is its page of the manual."""
