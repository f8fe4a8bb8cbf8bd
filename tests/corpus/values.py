"""Files in which columns, many rows or metadata are wrong."""

from __future__ import annotations

import math

from tests.corpus.base import COMPLEMENT, Base, Case, Expected, Row, fatal, note, p_text, renamed, row, written
from tests.corpus.cells import as_log_p, as_odds, with_columns, without
from tests.corpus.names import LOG_P, A, B, C, F, L, N, P, R, S, X


def copied(base: Base, change=lambda row: row) -> bytes:
    """Return the table with a changed copy of line 9 at its end, line 402."""
    rows = base.rows()
    return written([*rows, change(rows[7])])


def turned(row: Row) -> Row:
    """Return the same association, counted in the other allele."""
    return row | {A: row[X], X: row[A], B: f"{-float(row[B]):.6f}", F: f"{1 - float(row[F]):.4f}"}


def complemented(row: Row) -> Row:
    """Return the same association, alleles read from the other strand."""
    return row | {A: COMPLEMENT[row[A]], X: COMPLEMENT[row[X]]}


def is_plain(row: Row) -> bool:
    """Tell whether the strand of a row can be told."""
    return COMPLEMENT[row[A]] != row[X]


def third(row: Row) -> str:
    """Return an allele that makes another variant at the same place, on whichever strand."""
    same = ({row[A], row[X]}, {COMPLEMENT[row[A]], COMPLEMENT[row[X]]})
    return next(x for x in "ACGT" if x != row[A] and {x, row[A]} not in same and {x, COMPLEMENT[row[A]]} not in same)


def duplicate(name: str, check: str, line: int, change, count: int = 1) -> Case:
    """Return a case of one row more."""
    make = lambda base: copied(base, change)  # noqa: E731
    return Case(name=name, make=make, expect=(Expected(check, "row", line),), dropped={check: count})


DUPLICATES = (
    duplicate("duplicate", "duplicate", 402, lambda row: row),
    duplicate("duplicate turned round", "duplicate", 402, turned),
    duplicate(
        "duplicate on the other strand", "duplicate", 402, lambda row: complemented(row) if is_plain(row) else row
    ),
    duplicate("duplicate of another name", "duplicate", 402, lambda row: row | {R: "rs999999999"}),
    duplicate(
        "duplicate with another effect", "duplicate_conflicting", 9, lambda row: row | {B: "0.9", P: "1e-300"}, 2
    ),
    duplicate(
        "duplicate with another standard error",
        "duplicate_conflicting",
        9,
        lambda row: row | {S: f"{1.01 * float(row[S]):.5f}"},
        2,
    ),
    note(
        "three alleles at one place",
        lambda base: copied(base, lambda row: row | {X: third(row)}),
        "multi_allelic_sites",
    ),
)


def mixed(base: Base, change, *, every: int) -> bytes:
    """Return the table with every n-th row changed, the first in line 2."""
    return written([change(row) if i % every == 0 else row for i, row in enumerate(base.rows())])


def on_build(base: Base, build: str, change=lambda row: row) -> bytes:
    """Return the table with positions on one build."""
    return written([change(row) for row in base.rows(build=build)])


def half_and_half(base: Base) -> bytes:
    """Return a table whose first half is on one build and whose second half is on the other."""
    return written(base.rows()[:200] + base.rows(build="GRCh38")[200:])


def few_of_other_build(base: Base) -> bytes:
    """Return a table in which every 25th row is on the other build."""
    pairs = enumerate(zip(base.rows(), base.rows(build="GRCh38"), strict=True))
    return written([other if i % 25 == 0 else row for i, (row, other) in pairs])


def shuffled(base: Base, column: str) -> bytes:
    """Return the table with the cells of one column in the order from the other end."""
    rows = base.rows()
    return written([row | {column: other[column]} for row, other in zip(rows, reversed(rows), strict=True)])


def scaled(base: Base, factor: float, *, n: int) -> bytes:
    """Return the table with standard errors multiplied, and p that fits."""

    def change(row: Row) -> Row:
        se = float(row[S]) * factor
        return {S: f"{se:.6g}", P: p_text(float(row[B]), se)}

    return base.each(change, n=n)


WHOLE = (
    fatal(
        "positions of GRCh38 declared as GRCh37",
        lambda base: on_build(base, "GRCh38"),
        "builds_differ",
        also=("position_beyond_chromosome",),
    ),
    fatal("positions of GRCh37 declared as GRCh38", lambda base: base.clean(), "builds_differ", build="GRCh38"),
    note("no build declared", lambda base: base.clean(), "build_inferred", build=""),
    note("a few rows of the other build", few_of_other_build, "build_mixed", line=2),
    note("two builds in one file", half_and_half, "build_mixed", also=("builds_differ",)),
    note(
        "positions of neither build",
        lambda base: base.each(lambda row: {L: str(int(row[L]) - 1_500_000)}),
        "build_not_known",
        line=2,
        build="",
    ),
    fatal(
        "positions of neither build, declared as one",
        lambda base: base.each(lambda row: {L: str(int(row[L]) - 1_500_000)}),
        "builds_differ",
        line=2,
    ),
    fatal(
        "positions that count from 0",
        lambda base: base.each(lambda row: {L: str(int(row[L]) - 1)}),
        "zero_based_positions",
        line=2,
    ),
    fatal(
        "effect and standard error swapped",
        lambda base: base.each(lambda row: {B: row[S], S: row[B]}),
        "beta_se_swapped",
        line=3,
        also=("non_positive_se", "p_value_contradicts_beta_and_se", "only_significant_rows", "no_negative_effect"),
    ),
    note(
        "signs of the effects lost",
        lambda base: base.each(lambda row: {B: row[B].removeprefix("-")}),
        "no_negative_effect",
    ),
    note(
        "effect and other allele swapped",
        lambda base: base.each(lambda row: {A: row[X], X: row[A]}),
        "frequencies_are_of_the_other_allele",
        line=2,
    ),
    note(
        "frequency of the other allele",
        lambda base: base.each(lambda row: {F: f"{1 - float(row[F]):.4f}"}),
        "frequencies_are_of_the_other_allele",
        line=2,
    ),
    note("frequencies in another order", lambda base: shuffled(base, F), "frequencies_do_not_fit", line=3),
    note(
        "frequency of the minor allele",
        lambda base: base.each(lambda row: {F: f"{min(float(row[F]), 1 - float(row[F])):.4f}"}),
        "eaf_is_maf",
        also=("frequencies_do_not_fit",),
    ),
    fatal(
        "frequencies in per cent",
        lambda base: base.each(lambda row: {F: f"{100 * float(row[F]):.2f}"}),
        "eaf_in_percent",
        line=2,
        also=("eaf_out_of_range", "frequencies_do_not_fit", "all_rows_dropped"),
    ),
    fatal(
        "frequencies per mille",
        lambda base: base.each(lambda row: {F: f"{1000 * float(row[F]):.1f}"}),
        "eaf_out_of_range",
        line=2,
        also=("all_rows_dropped",),
    ),
    note(
        "one row in twenty on the other strand",
        lambda base: mixed(base, complemented, every=20),
        "strand_flipped",
        line=22,
    ),
    note("every row on the other strand", lambda base: base.each(complemented), "strand_flipped", line=3),
    note(
        "alleles in another order",
        lambda base: written(
            [row | {A: o[A], X: o[X]} for row, o in zip(base.rows(), reversed(base.rows()), strict=True)]
        ),
        "alleles_do_not_fit",
        line=2,
        also=("strand_flipped", "frequencies_do_not_fit"),
    ),
    note("p in another order", lambda base: shuffled(base, P), "p_value_contradicts_beta_and_se", line=16),
    note(
        "p of 0 in one row of ten",
        lambda base: mixed(base, lambda row: row | {P: "0"}, every=10),
        "many_p_values_of_0",
        line=2,
    ),
    note(
        "p rounded to 0",
        lambda base: mixed(base, lambda row: row | {P: "0.000", B: f"{6 * float(row[S]):.6f}"}, every=10),
        "many_p_values_of_0",
        line=2,
    ),
    note("one p of 0 beside a small effect", lambda base: base.changed((9, {P: "0"})), "many_p_values_of_0", line=9),
    note(
        "one p of 0 beside a very large effect",
        lambda base: base.changed((9, {P: "0", B: "0.9"})),
        "p_value_printed_as_0",
        line=9,
    ),
    note("standard errors too large", lambda base: scaled(base, 2.0, n=1500), "lambda_low"),
    note("standard errors too small", lambda base: scaled(base, 0.5, n=1500), "lambda_high"),
    fatal(
        "odds ratio named beta",
        lambda base: base.each(as_odds),
        "beta_is_odds_ratio",
        line=2,
        also=("p_value_contradicts_beta_and_se", "only_significant_rows"),
    ),
    fatal(
        "minus log10 of p named p_value",
        lambda base: base.each(as_log_p),
        "p_is_neg_log_10",
        line=3,
        also=("p_out_of_range", "p_value_contradicts_beta_and_se"),
    ),
    fatal(
        "p named minus log10 of p",
        lambda base: with_columns(base, LOG_P),
        "neg_log_10_p_is_p",
        also=("p_value_contradicts_beta_and_se",),
    ),
    note("sample sizes that vary", lambda base: mixed(base, lambda row: row | {N: "900"}, every=5), "n_varies", line=2),
    note(
        "significant rows only",
        lambda base: base.each(
            lambda row: {B: f"{math.copysign(3, float(row[B])) * float(row[S]):.6f}", P: p_text(3.0, 1.0)}
        ),
        "only_significant_rows",
    ),
    note(
        "dates in place of genes",
        lambda base: base.changed((9, {R: "2-Sep"}), (10, {R: "Mar-01"}), (11, {R: "2020-09-02"})),
        "excel_mangled_name",
        line=9,
    ),
    note(
        "positions rounded by a spreadsheet",
        lambda base: base.changed((9, {L: "2.01E+07"})),
        "position_in_scientific_notation",
        line=9,
    ),
    note("position 0", lambda base: base.changed((9, {L: "0"})), "unusable_position", line=9),
    note("position negative", lambda base: base.changed((9, {L: "-20000000"})), "unusable_position", line=9),
    note("position with thousands", lambda base: base.changed((9, {L: "20,000,475"})), "unusable_position", line=9),
    note("position text", lambda base: base.changed((9, {L: "p36.13"})), "unusable_position", line=9),
    note("position not whole", lambda base: base.changed((9, {L: "20000475.5"})), "unusable_position", line=9),
    note(
        "position larger than any integer", lambda base: base.changed((9, {L: "9" * 30})), "unusable_position", line=9
    ),
    note("chromosome that does not exist", lambda base: base.changed((9, {C: "27"})), "unusable_position", line=9),
    note("unplaced contig", lambda base: base.changed((9, {C: "GL000209.1"})), "unusable_position", line=9),
    fatal(
        "columns of alleles empty",
        lambda base: base.each(lambda row: {A: "NA"}),
        "missing_allele",
        line=2,
        also=("all_rows_dropped",),
    ),
    Case(
        name="every row dropped",
        make=lambda base: base.each(lambda row: {B: "NA"}),
        expect=(Expected("all_rows_dropped"), Expected("missing_beta", "fatal", 2)),
        dropped={"missing_beta": 400},
    ),
    Case(
        name="the only row dropped",
        make=lambda base: written([base.rows()[0] | {S: "0"}]),
        expect=(Expected("all_rows_dropped"), Expected("non_positive_se", "row", 2)),
        dropped={"non_positive_se": 1},
    ),
)


def meta(text: str) -> dict[str, bytes]:
    """Return the metadata file of a table."""
    return {"table.tsv-meta.yaml": text.encode()}


def cases_and_controls(base: Base, name: str, cell: str) -> bytes:
    """Return a table with cases and controls in place of n; one of them is no number in line 9."""
    rows = [
        {key: value for key, value in old.items() if key != N} | {"n_cases": "4000", "n_controls": "6000"}
        for old in base.rows()
    ]
    rows[7][name] = cell
    return written(rows)


COLUMNS_AND_METADATA = (
    *(
        Case(
            name=f"{name} is text",
            make=lambda base, name=name: cases_and_controls(base, name, "many"),
            expect=(Expected(f"non_numeric_{name}", "row", 9),),
            dropped={f"non_numeric_{name}": 1},
        )
        for name in ("n_cases", "n_controls")
    ),
    fatal("no effect allele", lambda base: without(base, A), "no_effect_allele_column", file_format="gwas_ssf"),
    fatal("no other allele", lambda base: without(base, X), "no_other_allele_column", file_format="gwas_ssf"),
    fatal("no effect", lambda base: without(base, B), "no_beta_column"),
    fatal(
        "no standard error",
        lambda base: without(base, S, lambda row: {k: v for k, v in row.items() if k != P}),
        "no_se_column",
        file_format="gwas_ssf",
    ),
    fatal(
        "no column of names or positions",
        lambda base: without(base, R, lambda row: {k: v for k, v in row.items() if k != L}),
        "no_rsid_column",
        file_format="gwas_ssf",
    ),
    fatal(
        "names of columns in another language",
        lambda base: with_columns(base, {A: "allel_1", X: "allel_2", B: "wirkung", S: "fehler", L: "ort", R: "name"}),
        "unknown_format",
    ),
    fatal(
        "declared as another format",
        lambda base: base.clean(),
        "no_beta_column",
        file_format="metal",
        also=("no_effect_allele_column", "no_other_allele_column", "no_se_column", "no_rsid_column"),
    ),
    fatal(
        "column mapped that is not there",
        lambda base: base.clean(),
        "no_beta_column",
        columns={"rsid": R, "effect_allele": A, "other_allele": X, "beta": "effect", "se": S},
    ),
    fatal(
        "optional column mapped that is not there",
        lambda base: base.clean(),
        "no_eaf_column",
        columns={"rsid": R, "effect_allele": A, "other_allele": X, "beta": B, "se": S, "eaf": "freq"},
    ),
    fatal("table of genes", lambda base: b"Gene\tPvalue\tmarkerIDs\nSOST\t0.1\t1:2\n", "not_per_variant"),
    note(
        "alleles named A1 and A2",
        lambda base: with_columns(base, {A: "A1", X: "A2", L: "BP", S: "SE", C: "CHR", B: "BETA"}),
        "effect_allele_assumed",
    ),
    fatal(
        "several traits",
        lambda base: written(
            [
                renamed(row, {R: "SNP", S: "se", F: "eaf", P: "pval", N: "samplesize"})
                | {"Phenotype": "bmi" if i % 2 else "height"}
                for i, row in enumerate(base.rows())
            ]
        ),
        "several_traits",
    ),
    fatal(
        "trait that the table has not",
        lambda base: written(
            [renamed(row, {R: "SNP", S: "se", F: "eaf", P: "pval"}) | {"Phenotype": "bmi"} for row in base.rows()]
        ),
        "no_such_trait",
        trait="height",
    ),
    fatal(
        "VCF of two samples",
        lambda base: (
            b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tx\ty\n"
            b"1\t1\trs1\tA\tG\t.\tPASS\t.\tES:SE\t0.1:0.1\t0.1:0.1\n"
        ),
        "several_traits",
    ),
    fatal(
        "metadata of another build",
        lambda base: base.clean(),
        "metadata_build_differs",
        beside=meta("genome_assembly: GRCh38\n"),
    ),
    fatal(
        "metadata against the positions",
        lambda base: base.clean(),
        "builds_differ",
        build="",
        beside=meta("genome_assembly: GRCh38\n"),
    ),
    fatal(
        "metadata of positions from 0",
        lambda base: base.clean(),
        "zero_based_positions",
        beside=meta("coordinate_system: 0-based\n"),
    ),
    fatal(
        "metadata that are no YAML",
        lambda base: base.clean(),
        "bad_metadata",
        line=3,
        beside=meta("genome_assembly: GRCh37\nsex: [M\nis_sorted: true\n"),
    ),
    fatal("metadata of wrong types", lambda base: base.clean(), "bad_metadata", beside=meta("is_sorted: perhaps\n")),
    fatal("metadata that are a list", lambda base: base.clean(), "bad_metadata", beside=meta("- a\n- b\n")),
    fatal(
        "metadata that are binary",
        lambda base: base.clean(),
        "bad_metadata",
        beside={"table.tsv-meta.yaml": b"\xff\xfe\x00\x01"},
    ),
    fatal(
        "metadata that run a command",
        lambda base: base.clean(),
        "bad_metadata",
        line=1,
        beside=meta("genome_assembly: !!python/object/apply:os.system ['true']\n"),
    ),
    note(
        "metadata of another file",
        lambda base: base.clean(),
        "md5_differs",
        beside=meta(f"data_file_md5sum: {'0a' * 16}\n"),
    ),
)


def few(base: Base, change=lambda row: row, n: int = 30, **renames: str) -> bytes:
    """Return the first rows only."""
    return written([renamed(row | change(row), renames) for row in base.rows()[:n]])


SMALL = (
    fatal(
        "30 rows, odds ratio named beta",
        lambda base: few(base, as_odds),
        "beta_is_odds_ratio",
        line=2,
        also=("p_value_contradicts_beta_and_se",),
    ),
    fatal(
        "30 rows, p named minus log10 of p",
        lambda base: few(base, p_value="neg_log_10_p_value"),
        "neg_log_10_p_is_p",
        also=("p_value_contradicts_beta_and_se",),
    ),
    fatal(
        "30 rows, frequencies in per cent",
        lambda base: few(base, lambda row: {F: f"{100 * float(row[F]):.2f}"}),
        "eaf_in_percent",
        line=2,
        also=("eaf_out_of_range", "all_rows_dropped"),
    ),
    note("30 rows, other strand", lambda base: few(base, complemented), "strand_flipped", line=3),
    note(
        "30 rows, alleles swapped",
        lambda base: few(base, lambda row: {A: row[X], X: row[A]}),
        "frequencies_are_of_the_other_allele",
        line=2,
    ),
    fatal(
        "30 rows, another build",
        lambda base: written(base.rows(build="GRCh38")[:30]),
        "builds_differ",
    ),
    row(
        "position beyond the end, no build declared",
        "position_beyond_chromosome",
        {L: "999999999"},
        build="",
    ),
)

CASES = (*DUPLICATES, *WHOLE, *COLUMNS_AND_METADATA, *SMALL)
