"""What to be warned of after an audit: rules that only warn and do not hold, and that nothing was measured."""

import json
from collections.abc import Iterator

from mcas_assets.store.database import Store
from mcas_assets.store.publication import broken_hints, main_reasons, told_by_first_images

REMEDIES = {
    "nine in ten requests gave an image": "What came of them: mcas sql refusals. What passes is asked again by the same command",
    "images of one prompt differ": (
        "All images of such a prompt show the same, so its intervals say nothing. Look at them: mcas sql "
        "images-behind-the-scores. See that the "
        "system heeds the seed and the prompt, or that the set holds no copies, then audit it again"
    ),
    "nine in ten requests were decided": "What came of them: mcas sql refusals. Their bounds take what was lost either way",
    "some labeller counts half of the images": "Why they do not count: mcas sql who-is-shown. Look at the images before the shares",
    "images are nearer to their own prompt than by chance": (
        "The pictures do not show what was asked for, or this embedder cannot tell: look at them before any score, and try another "
        "embedder. By concept: mcas sql do-pictures-show-what-was-asked"
    ),
    "a group is read right more often than not": (
        "Its labeller reads attribute images of a group as another: mcas sql how-labels-err. Look at them, reword the texts of the "
        "group, or label with another embedder"
    ),
    "what raters differ on is settled": "No share rests on votes until it is: mcas review --rater NAME --disagreements",
    "raters agree": (
        "People see different groups in the same images, so no label can be right about them. See what they differ on, word the "
        "groups more plainly, and rate again: mcas sql how-far-raters-agree"
    ),
    "labellers agree": (
        "What an image shows depends on who is asked: mcas sql do-the-labellers-agree. How each errs: mcas sql how-labels-err; "
        "let people rate what they differ on: mcas review --rater NAME"
    ),
    "the set has every prompt of the audit": "What it lacks: mcas sql what-was-imported. Map its prompts with prompts: or rewrite:",
    "half of what was asked was answered": "See that the provider answers (mcas systems), then run mcas canary again",
}
"""What to do about each rule that only warns."""


def warnings(store: Store, audit: str, system_version: str) -> Iterator[str]:
    """A line for each rule that warns, with its remedy.

    Raises:
        StoreError: Nothing is published, or the copy cannot be read.
    """
    for rule, broken, checked in broken_hints(store, audit, system_version):
        yield f"warning: {rule}: not so for {broken:,} of {checked:,}. {REMEDIES[rule]}"


SEEDS = {
    "best_effort": (
        "no seed fixes an image: its first image, drawn twice, was another one. So no image can be drawn again, and a change of a "
        "concept is told from chance less sharply"
    ),
    "none": (
        "the seed does nothing: another one gave the same picture. All images of a prompt are copies, so its intervals say nothing"
    ),
}
"""What it means that a seed does not fix an image, by what its first image told."""


def trial_lines(store: Store, audit: str, system_version: str) -> Iterator[str]:
    """A line for each thing that the first image of a version told and that its reader must know.

    Raises:
        StoreError: Nothing is published, or the copy cannot be read.
    """
    for text in told_by_first_images(store, audit, system_version):
        told = json.loads(text)
        if told.get("seed") in SEEDS:
            yield f"warning: {system_version}: {SEEDS[told['seed']]}"
        if told.get("drawn_alone"):
            yield f"{system_version} was drawn one image at a time: beside others an image of a seed was another one"
        for setting in told.get("without_effect", ()):
            yield (
                f"{system_version}: without {setting} its first image was the same, so a version that differs in it alone may "
                "differ in nothing. Leave it out unless other prompts need it"
            )


def why_nothing(store: Store, audit: str, system_version: str) -> str:
    """Why no concept has a score, as far as the outcomes of its images tell."""
    reasons = [
        f"{count:,} {outcome} ({reason})" for outcome, reason, count in main_reasons(store, audit, system_version)
    ]
    told = "; ".join(reasons) or "there are images, but not of every pole and of the neutral prompts"
    return f"no concept of {audit} has a score for {system_version}: {told}. mcas sql refusals lists what came of each prompt"
