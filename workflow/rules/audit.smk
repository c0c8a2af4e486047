"""audit: seal the results, write the report, and verify the folder."""


rule seal_results:
    input:
        RESULTS / "comparisons.csv",
        RESULTS / "claims.csv",
        RESULTS / "answer.csv",
        TABLES,
        FIGURES,
    output:
        RESULTS / "manifest.json",
    log:
        RESULTS / "logs/seal_results.log",
    benchmark:
        RESULTS / "benchmarks/seal_results.tsv"
    conda:
        "../envs/medattn.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
        gpu=0,
    params:
        results=lambda wildcards, output: Path(output[0]).parent,
    message:
        "Sealing {params.results}"
    shell:
        "medattn audit {params.results:q} --seal > {log:q} 2>&1 || failed {log:q}"


rule render_report:
    input:
        # The page shows the root hash of the seal.
        RESULTS / "manifest.json",
    output:
        RESULTS / "report.html",
    log:
        RESULTS / "logs/render_report.log",
    benchmark:
        RESULTS / "benchmarks/render_report.tsv"
    conda:
        "../envs/medattn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=0,
    params:
        plan=str(PLAN),
        plan_sha256=PLAN_SHA256,
    message:
        "Writing the report"
    shell:
        "medattn render --plan {params.plan:q} --report > {log:q} 2>&1 || failed {log:q}"


rule audit_results:
    input:
        RESULTS / "manifest.json",
        RESULTS / "report.html",
    output:
        RESULTS / "audit.json",
    log:
        RESULTS / "logs/audit_results.log",
    benchmark:
        RESULTS / "benchmarks/audit_results.tsv"
    conda:
        "../envs/medattn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
        gpu=0,
    params:
        results=lambda wildcards, output: Path(output[0]).parent,
    message:
        "Auditing {params.results}"
    shell:
        # Exit code 3, something could not be checked here, is no failure; audit.json says what.
        "medattn audit {params.results:q} --write > {log:q} 2>&1 || {{ code=$?; "
        "if [[ $code == 3 ]]; then cat {log:q} >&2; else (exit $code) || failed {log:q}; fi; }}"
