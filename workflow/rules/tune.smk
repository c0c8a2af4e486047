"""tune: cross-validate on the training images, and choose grid points and epochs."""


rule tune_pack:
    input:
        dataset=lambda wildcards: PACKS[wildcards.pack]["dataset"],
    output:
        RESULTS / "packs/{pack,tune[.].*}.json",
    log:
        RESULTS / "logs/tune_pack/{pack}.log",
    benchmark:
        RESULTS / "benchmarks/tune_pack/{pack}.tsv"
    conda:
        "../envs/medattn.yaml"
    threads: lambda wildcards: PACKS[wildcards.pack]["threads"]
    resources:
        **GPU,
        mem_mb=lambda wildcards, attempt: PACKS[wildcards.pack]["mem_mb"] * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        plan=str(PLAN),
        runs=lambda wildcards: PACKS[wildcards.pack]["runs"],
    message:
        "Tuning {params.runs} runs of {wildcards.pack}"
    shell:
        "medattn train --plan {params.plan:q} --pack {wildcards.pack:q} > {log:q} 2>&1 || failed {log:q}"


# Groups of an experiment on a data set share a job, which starts once.
TUNED = {choice["group"]: file for file, choice in GRAPH["tuned"].items()}

for batch, groups in GRAPH["choices"].items():

    rule:
        name:
            f"choose_settings_{batch}"
        input:
            packs=sorted(
                {
                    pack
                    for group in groups
                    for pack in GRAPH["tuned"][TUNED[group]]["packs"]
                }
            ),
        output:
            # Kept until they are replaced: other groups of the job may have no other choice.
            update([TUNED[group] for group in groups]),
        log:
            RESULTS / f"logs/choose_settings/{batch}.log",
        benchmark:
            RESULTS / f"benchmarks/choose_settings/{batch}.tsv"
        localrule: True
        conda:
            "../envs/medattn.yaml"
        resources:
            mem_mb=1000,
            runtime=10,
            gpu=0,
        params:
            plan=str(PLAN),
            groups=groups,
            options=[f"--group={group}" for group in groups],
        message:
            "Choosing grid points and epochs of {params.groups}"
        shell:
            "medattn tune --plan {params.plan:q} {params.options:q} > {log:q} 2>&1 || failed {log:q}"
