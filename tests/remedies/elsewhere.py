"""Remedies that are not followed in this folder: by which test they are, or why none can."""

ELSEWHERE: dict[tuple[str, str], str] = {
    ("embedders/open_clip.py", "Declare the embedder with repo and revision instead"): (
        "another repository has to be downloaded from the hub; that the error comes:"
        " embedders/test_identity.py::test_a_tag_whose_configuration_lost_its_quickgelu_is_refused"
    ),
    ("pages/review.py", "is too long"): (
        "no page of ours sends it; that the page goes on:"
        " pages/test_review.py::test_no_vote_is_taken_from_another_page_name_form_or_stranger"
    ),
    ("pages/review.py", "is no JSON object"): (
        "pages/test_review.py::test_no_vote_is_taken_from_another_page_name_form_or_stranger"
    ),
    ("pages/review.py", "is no whole number"): (
        "pages/test_review.py::test_no_vote_is_taken_from_another_page_name_form_or_stranger"
    ),
    ("review/draw.py", "has no images of a concept"): (
        "the audit draws; that the error comes: review/test_draw.py::test_a_version_without_images_cannot_be_rated"
    ),
    (
        "review/exchange.py",
        "is larger than",
    ): "a file of 64 MiB of votes is some 300,000 of them; split, each half is read",
    ("systems/pipelines/hub_weights.py", "Try again; if it stays so"): (
        "systems/pipelines/test_hub.py::test_a_small_file_that_is_not_what_its_metadata_says_is_refused"
    ),
}
"""(file below the package, a part of the source of the call) -> a test, or the reason in words."""
