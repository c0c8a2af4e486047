"""train: train the runs that are measured on the test images."""


rule train_pack:
    input:
        dataset=lambda wildcards: PACKS[wildcards.pack]["dataset"],
        tuned=lambda wildcards: PACKS[wildcards.pack]["tuned"],
    output:
        RESULTS / "packs/{pack,train[.].*}.json",
    log:
        RESULTS / "logs/train_pack/{pack}.log",
    benchmark:
        RESULTS / "benchmarks/train_pack/{pack}.tsv"
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
        "Training {params.runs} runs of {wildcards.pack}"
    shell:
        "medattn train --plan {params.plan:q} --pack {wildcards.pack:q} > {log:q} 2>&1 || failed {log:q}"
