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


rule choose_settings:
    input:
        packs=lambda wildcards: GRAPH["tuned"][
            str(RESULTS / f"tuned/{wildcards.group}.json")
        ]["packs"],
    output:
        RESULTS / "tuned/{group}.json",
    log:
        RESULTS / "logs/choose_settings/{group}.log",
    benchmark:
        RESULTS / "benchmarks/choose_settings/{group}.tsv"
    conda:
        "../envs/medattn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
        gpu=0,
    params:
        plan=str(PLAN),
    message:
        "Choosing grid points and epochs of {wildcards.group}"
    shell:
        "medattn tune --plan {params.plan:q} --group {wildcards.group:q} > {log:q} 2>&1 || failed {log:q}"
