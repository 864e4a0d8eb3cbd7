"""Remedies that are not followed in this folder: by which test they are, or why none can."""

ELSEWHERE: dict[tuple[str, str], str] = {
    ("embedders/open_clip.py", "Declare the embedder with repo and revision instead"): (
        "another repository has to be downloaded from the hub; that the error comes:"
        " embedders/test_identity.py::test_a_tag_whose_configuration_lost_its_quickgelu_is_refused"
    ),
    ("systems/pipelines/hub_weights.py", "Try again; if it stays so"): (
        "systems/pipelines/test_hub.py::test_a_small_file_that_is_not_what_its_metadata_says_is_refused"
    ),
}
"""(file below the package, a part of the source of the call) -> a test, or the reason in words."""
