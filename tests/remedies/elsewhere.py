"""Remedies that are not followed in this folder: by which test they are, or why none can."""

ELSEWHERE: dict[tuple[str, str], str] = {
    ("embedders/open_clip.py", "Declare the embedder with repo and revision instead"): (
        "another repository has to be downloaded from the hub; that the error comes:"
        " embedders/test_identity.py::test_a_tag_whose_configuration_lost_its_quickgelu_is_refused"
    ),
    ("orchestration/postgres.py", "holds the history of another home"): (
        "another database of a real Postgres: orchestration/test_postgres.py::test_a_database_is_of_one_home"
    ),
    ("orchestration/postgres.py", "Dagster's history cannot be reached"): (
        "a Postgres that is not there, and one that is: orchestration/test_postgres.py"
    ),
    ("systems/pipelines/outputs.py", "_AS_A_SET"): (
        "a set of images instead: systems/test_imported.py; that the error comes:"
        " systems/pipelines/test_pipeline_runner.py::test_an_answer_that_holds_no_picture_is_refused_for_what_it_is"
    ),
    ("systems/pipelines/settings.py", '"rewriter")'): (
        "one without, whose entry leaves it out: systems/pipelines/test_rewriters.py::test_what_contradicts_is_refused"
    ),
    ("systems/pipelines/settings.py", "what rewrites prompts"): (
        "a tiny pipeline that has one: systems/pipelines/test_rewriters.py::test_what_contradicts_is_refused"
    ),
    ("systems/pipelines/single_file.py", "what, remedy"): (
        "an adapter put on its base: systems/pipelines/test_adapters.py; that the error comes:"
        " systems/pipelines/test_single_file.py::test_each_wrong_use_is_told"
    ),
    ("systems/pipelines/settings.py", "cannot be called without"): (
        "a pipeline that is told where to look in its prompt; that the error comes:"
        " systems/pipelines/test_pipeline_folder.py::test_a_broken_folder_is_refused"
    ),
    ("systems/pipelines/modular.py", "Blocks with code"): (
        "a folder whose blocks are diffusers' own: systems/pipelines/test_modular.py::test_what_cannot_be_run_is_refused"
    ),
    ("systems/pipelines/modular.py", "whole and of this version"): (
        "a folder that is whole: systems/pipelines/test_modular.py::test_a_part_that_cannot_be_loaded_is_told"
    ),
    ("systems/pipelines/hub_weights.py", "Try again; if it stays so"): (
        "systems/pipelines/test_hub.py::test_a_small_file_that_is_not_what_its_metadata_says_is_refused"
    ),
}
"""(file below the package, a part of the source of the call) -> a test, or the reason in words."""
