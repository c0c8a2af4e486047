"""compare: arms against arms, by the paper's procedure and by the sound one."""


rule compare_arms:
    input:
        measurements=RESULTS / "measurements.csv",
        epochs=RESULTS / "epochs.csv",
    output:
        RESULTS / "comparisons.csv",
    log:
        RESULTS / "logs/compare_arms.log",
    benchmark:
        RESULTS / "benchmarks/compare_arms.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    message:
        "Comparing arms"
    shell:
        "{MEDATTN} compare --plan {PLAN} > {log} 2>&1 || (cat {log} >&2; exit 1)"
