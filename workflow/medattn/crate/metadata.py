"""Description of a results folder as a Provenance Run Crate 0.5 (a profile of RO-Crate 1.1) with the library rocrate.

In https://w3id.org/ro/wfrun/provenance/0.5, the workflow is the main entity, and each job is an action with its tool,
inputs and outputs. Unknown facts are left out.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.model.entity import Entity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from medattn.crate.crate_files import CrateFile
from medattn.crate.subject import CrateSubject
from medattn.crate.workflow_files import SNAKEFILE, WORKFLOW, WORKFLOW_FILES, software_file
from medattn.plan.finished_run import FinishedRun
from medattn.plan.model import Pack
from medattn.version import __version__

_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
_LICENSE = "https://spdx.org/licenses/MIT"
_SHA256 = "https://w3id.org/ro/terms/workflow-run#sha256"  # not a term of RO-Crate 1.1
_TOOLS = {
    "train": "trains the runs of a pack",
    "tune": "chooses hyper-parameters and epochs by cross-validation",
    "measure": "measures the trained runs",
    "compare": "compares arms",
    "judge": "gives a verdict on every published value and comparison",
    "answer": "pools the effect of every mechanism over data sets",
    "complexity": "counts the costs of networks",
    "render": "renders tables and figures",
}
_ANSWER_TABLE = "tables/answer.md"
_COMPLETED, _FAILED = (f"http://schema.org/{name}ActionStatus" for name in ("Completed", "Failed"))


def describe(subject: CrateSubject, items: Sequence[CrateFile]) -> ROCrate:
    """Return the crate without writing it. Equal folders give equal crates.

    Args:
        subject: the results folder.
        items: the files of the crate.
    """
    return _Description(subject, items).crate


class _Description:
    """Builder of the crate."""

    def __init__(self, subject: CrateSubject, items: Sequence[CrateFile]) -> None:
        self._subject = subject
        self._ended = {ended.run.id: ended for ended in subject.finished_runs()}
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms["sha256"] = _SHA256
        self._root()
        self._workflow = self._add_workflow()
        self._tools = {name: self._tool(name, what) for name, what in _TOOLS.items()}
        self._workflow["hasPart"] = list(self._tools.values())
        self._files = {item.name: self._file(item) for item in items}
        self._data = {prepared: self._data_set(prepared) for prepared in subject.prepared()}
        actions = [self._whole(), *self._packs(), *self._later_steps()]
        self.crate.root_dataset["mentions"] = actions

    def _root(self) -> None:
        plan, root = self._subject.plan, self.crate.root_dataset
        papers = [paper.paper for paper in self._subject.configuration.papers]
        root["name"] = f"medattn: the selection {plan.selection}"
        titles = "; ".join(dict.fromkeys(paper.citation for paper in papers))
        root["description"] = f"Results of re-running papers on attention in medical image classification: {titles}"
        root["datePublished"] = max((e.record["finished"] for e in self._ended.values()), default="1970-01-01")[:10]
        root["license"] = self._context(_LICENSE, {"@type": "CreativeWork", "name": "MIT License"})
        root["conformsTo"] = [
            self._context(uri, {"@type": "CreativeWork", "name": name, "version": uri.rsplit("/", 1)[1]})
            for uri, name in _PROFILES.items()
        ]

    def _context(self, identifier: str, properties: dict[str, Any]) -> Entity:
        known: Entity | None = self.crate.get(identifier)
        if known is not None:
            return known
        added: Entity = self.crate.add(ContextEntity(self.crate, identifier, properties=properties))
        return added

    def _add_workflow(self) -> Entity:
        for name in WORKFLOW_FILES:
            if name != SNAKEFILE:
                path = software_file(name)
                facts = {"name": f"Rules of the workflow: {path.stem}", "encodingFormat": "text/x-python"}
                if name == WORKFLOW:
                    facts = {"name": "Targets of the workflow", "sha256": self._subject.sha256(path)}
                self.crate.add(File(self.crate, path, name, properties=facts))
        workflow: Entity = self.crate.add_workflow(software_file(SNAKEFILE), SNAKEFILE, main=True, lang="snakemake")
        workflow["name"] = "medattn"
        workflow["version"] = __version__
        workflow["input"] = self._parameter("selection", "The plan that the selection gives", "plan.json")
        workflow["output"] = self._parameter("results", "Measurements of the selection", "measurements.csv")
        return workflow

    def _parameter(self, name: str, description: str, example: str) -> Entity:
        return self._context(
            f"#parameter-{name}",
            {
                "@type": "FormalParameter",
                "additionalType": "File",
                "name": name,
                "description": description,
                "conformsTo": {"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"},
                "workExample": {"@id": example},
            },
        )

    def _tool(self, name: str, what: str) -> Entity:
        facts = {"@type": "SoftwareApplication", "name": f"medattn {name}", "description": f"medattn {name} {what}"}
        return self._context(f"#medattn-{name}", {**facts, "softwareVersion": __version__})

    def _file(self, item: CrateFile) -> Entity:
        facts: dict[str, Any] = {
            "name": item.title,
            "encodingFormat": item.media_type,
            "contentSize": str(item.source.stat().st_size),
            "sha256": self._subject.sha256(item.source),
        }
        if item.name in ("plan.json", "measurements.csv"):
            parameter = "selection" if item.name == "plan.json" else "results"
            facts["exampleOfWork"] = {"@id": f"#parameter-{parameter}"}
        added: Entity = self.crate.add(File(self.crate, item.source, item.name, properties=facts))
        return added

    def _data_set(self, prepared: str) -> Entity:
        """Return the entity of a data set, which is identified by its hash and not part of the crate."""
        manifest = self._subject.store(prepared).manifest
        images = ", ".join(f"{name} {split['images']}" for name, split in manifest["splits"].items())
        return self._context(
            f"#data-{manifest['dataset']}-{manifest['entry_sha256'][:12]}",
            {
                "@type": "CreativeWork",
                "name": manifest["entry"]["title"] + (" (stand-in images)" if manifest["stand_in"] else ""),
                "description": f"Images: {images}. Prepared as {prepared}",
                "identifier": "sha256:" + manifest["files"]["images.safetensors"]["sha256"],
            },
        )

    def _action(self, name: str, title: str, **facts: Any) -> Entity:
        return self._context(f"#action-{name}", {"@type": "CreateAction", "name": title, **facts})

    def _present(self, names: Iterable[str]) -> list[Entity]:
        return [self._files[name] for name in names if name in self._files]

    def _starting(self, *prefixes: str) -> list[str]:
        return [name for name in self._files if name.startswith(prefixes)]

    def _whole(self) -> Entity:
        made = [
            "measurements.csv",
            "epochs.csv",
            "readings.csv",
            "comparisons.csv",
            "multiverse.csv",
            "rankings.csv",
            "complexity.csv",
            "claims.csv",
            *self._starting("tables/", "figures/"),
        ]
        return self._action(
            "workflow",
            f"The selection {self._subject.plan.selection}",
            instrument=self._workflow,
            object=[*self._present(["plan.json"]), *self._data.values()],
            result=self._present(made),
            **_times(list(self._ended.values())),
        )

    def _packs(self) -> list[Entity]:
        return [self._pack(pack) for pack in self._subject.plan.packs.values()]

    def _pack(self, pack: Pack) -> Entity:
        runs = [self._ended[run] for run in pack.runs if run in self._ended]
        cells = {
            run.cell: self._subject.plan.cells[run.cell] for run in map(self._subject.plan.runs.__getitem__, pack.runs)
        }
        read = dict.fromkeys(cell.prepared for cell in cells.values())
        choices = {f"tuned/{cell.group}.json" for cell in cells.values() if cell.is_tuned and pack.stage == "train"}
        made = [f"packs/{pack.id}.json", *self._starting(*(f"runs/{run}/" for run in pack.runs))]
        return self._action(
            f"pack-{pack.id}",
            f"Training of {len(pack.runs)} runs: {pack.id}",
            instrument=self._tools["train"],
            object=[*self._present(["plan.json", *sorted(choices)]), *(self._data[prepared] for prepared in read)],
            result=self._present(made),
            actionStatus={"@id": _COMPLETED if len(runs) == len(pack.runs) else _FAILED},
            **_times(runs),
        )

    def _later_steps(self) -> list[Entity]:
        choices = self._starting("tuned/")
        steps = {
            "tune": (self._starting("packs/tune."), choices),
            "measure": (
                [*self._starting("packs/train."), *choices],
                ["measurements.csv", "epochs.csv", "readings.csv"],
            ),
            "compare": (
                ["measurements.csv", "epochs.csv", "readings.csv"],
                ["comparisons.csv", "rankings.csv", "multiverse.csv"],
            ),
            "complexity": ([], ["complexity.csv"]),
            "judge": (["measurements.csv", "readings.csv", "complexity.csv"], ["claims.csv"]),
            "answer": (["measurements.csv", "complexity.csv"], ["answer.csv", _ANSWER_TABLE]),
            "render": (
                [
                    "measurements.csv",
                    "epochs.csv",
                    "comparisons.csv",
                    "rankings.csv",
                    "multiverse.csv",
                    "complexity.csv",
                    "answer.csv",
                ],
                [name for name in self._starting("tables/", "figures/", "captions/") if name != _ANSWER_TABLE],
            ),
        }
        return [
            self._action(
                name,
                f"medattn {name}",
                instrument=self._tools[name],
                object=self._present(["plan.json", *read]),
                result=self._present(made),
            )
            for name, (read, made) in steps.items()
            if self._present(made)
        ]


def _times(runs: Sequence[FinishedRun]) -> dict[str, str]:
    """Return the start of the first and the end of the last of these runs, as far as known."""
    starts = [session["started"] for run in runs for session in run.record.get("sessions", [])]
    times = {"startTime": min(starts)} if starts else {}
    return {**times, "endTime": max(run.record["finished"] for run in runs)} if runs else times
