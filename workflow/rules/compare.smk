"""compare: compare arms by the paper's procedure and by paired runs."""


rule compare_arms:
    input:
        measurements=RESULTS / "measurements.csv",
        epochs=RESULTS / "epochs.csv",
        readings=RESULTS / "readings.csv",
        # Which choices a paper leaves open; a paper may have no such file.
        facts=[
            str(path)
            for paper in config["papers"]
            if (path := Path("papers", paper, "facts.yaml")).is_file()
        ],
    output:
        # Kept until the new file is written: the command stops where it would have fewer values.
        comparisons=update(RESULTS / "comparisons.csv"),
        rankings=RESULTS / "rankings.csv",
        multiverse=update(RESULTS / "multiverse.csv"),
    log:
        RESULTS / "logs/compare_arms.log",
    benchmark:
        RESULTS / "benchmarks/compare_arms.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=0,
    params:
        plan=str(PLAN),
        plan_sha256=PLAN_SHA256,
    message:
        "Comparing arms"
    shell:
        "medattn compare --plan {params.plan:q} > {log:q} 2>&1 || failed {log:q}"
