"""JSON schemas of the configuration files, for editors; validation uses the models, not the schemas."""

import json
from typing import Any

from pydantic import TypeAdapter

from medattn.closed_model import Name
from medattn.config.mechanisms import mechanism_names
from medattn.config.models.dataset import DatasetEntry
from medattn.config.models.facts import Facts
from medattn.config.models.paper import Paper
from medattn.config.models.selection import Selection
from medattn.own_code import OWN_NAME

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FILES: dict[str, tuple[str, TypeAdapter[Any]]] = {
    "selection": ("A selection: config.yaml and config/*.yaml", TypeAdapter(Selection)),
    "paper": ("A paper: papers/<paper>/paper.yaml", TypeAdapter(Paper)),
    "facts": ("Facts about published values: papers/<paper>/facts.yaml", TypeAdapter(Facts)),
    "dataset": ("The registry of data sets: an entry by name", TypeAdapter(dict[Name, DatasetEntry])),
}


def json_schemas() -> dict[str, str]:
    """Return the text of each JSON schema, by file name."""
    return {f"{name}.schema.json": _schema(title, adapter) for name, (title, adapter) in _FILES.items()}


def _schema(title: str, adapter: TypeAdapter[Any]) -> str:
    schema = {"$schema": DIALECT, **adapter.json_schema(), "title": title}
    arm = schema.get("$defs", {}).get("Arm")
    if arm is not None:
        own = {"pattern": rf"^{OWN_NAME}$"}
        arm["properties"]["mechanism"]["anyOf"] = [{"enum": ["none", *mechanism_names()]}, own]
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
